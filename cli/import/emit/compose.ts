import { stringify } from "yaml";
import type { Place } from "../compose/traced.ts";
import { plain, get, itemsOf } from "../compose/node.ts";
import { sourceOf, type Project, type Service } from "../compose/project.ts";
import type { Encoding } from "../find/encodings.ts";
import type { Occurrence } from "../find/occurrences.ts";
import type { ProposedSecret } from "../propose/proposal.ts";
import { fromFile } from "./fromFile.ts";

/** A compose file without a value in it, and what to know about it. */
export interface EmittedCompose {
  readonly text: string;
  /** Variables that must be set when it runs, each with the entry and the encoding of its value. */
  readonly variables: readonly { readonly variable: string; readonly entry: string; readonly encoding: Encoding }[];
  readonly notes: readonly string[];
  readonly changes: readonly Change[];
}

/** What becomes of one text, with `***` in the place of each value. */
export interface Change {
  readonly service: string;
  readonly at: Place;
  readonly before: string;
  readonly after: string;
}

/** Where a secret's file comes from: the environment of `docker compose`, or the Swarm's own store. */
export type SecretSource = "environment" | "swarm";

type Tree = Record<string, unknown>;

interface Held {
  readonly entry: string;
  readonly occurrence: Occurrence;
}

/** Writes the project as one file, all else resolved, with each secret read from a file or, where an image can't, a variable. */
export function emitCompose(
  project: Project,
  secrets: readonly ProposedSecret[],
  source: SecretSource,
): EmittedCompose {
  return new Emitter(project, secrets, source).emit();
}

class Emitter {
  private readonly project: Project;
  private readonly source: SecretSource;
  private readonly held: readonly Held[];
  private readonly entries: readonly string[];
  private readonly mounted = new Set<string>();
  private readonly variables = new Map<string, { entry: string; encoding: Encoding }>();
  private readonly notes: string[] = [];
  private readonly changes: Change[] = [];

  constructor(project: Project, secrets: readonly ProposedSecret[], source: SecretSource) {
    this.project = project;
    this.source = source;
    const entries = secrets.flatMap((secret) => secret.entries);
    this.held = entries.flatMap(({ name, occurrences }) =>
      occurrences.map((occurrence) => ({ entry: name, occurrence })),
    );
    this.entries = entries.map(({ name }) => name);
  }

  emit(): EmittedCompose {
    const tree = this.relative(escape(plain(this.project.tree))) as Tree;
    for (const key of ["version", "include", "secrets"]) Reflect.deleteProperty(tree, key);
    for (const key of Object.keys(tree)) if (key.startsWith("x-")) Reflect.deleteProperty(tree, key);
    const services = tree["services"] as Tree | undefined;
    for (const service of this.project.services) this.service(service, services?.[service.name] as Tree);
    for (const [name, config] of Object.entries((tree["configs"] as Tree | undefined) ?? {}))
      this.config(name, config as Tree);
    const declared = this.declarations();
    if (Object.keys(declared).length > 0) tree["secrets"] = declared;
    const text = stringify(tree, { lineWidth: 0, aliasDuplicateObjects: false });
    const variables = [...this.variables].map(([variable, rest]) => ({ variable, ...rest }));
    return {
      text: `${header}${text}`,
      variables: variables.sort((a, b) => (a.variable < b.variable ? -1 : 1)),
      notes: this.notes,
      changes: this.changes,
    };
  }

  private service(service: Service, tree: Tree): void {
    const held = this.held.filter(({ occurrence }) => occurrence.service === service.name);
    for (const key of ["env_file", "extends"]) Reflect.deleteProperty(tree, key);
    const environment: Record<string, string> = {};
    const mounts = new Set<string>();
    for (const [name, { text }] of service.environment) {
      const inside = held.filter(({ occurrence }) => occurrence.where === "environment" && occurrence.name === name);
      const [only] = inside;
      const whole = only !== undefined && only.occurrence.end - only.occurrence.start === text.length;
      const file = whole ? fromFile(service.image, name, `/run/secrets/${only.entry}`) : undefined;
      if (file !== undefined && only !== undefined) {
        environment[file.variable] = file.value;
        mounts.add(only.entry);
        this.change(only.occurrence, `${name}: ***`, `${file.variable}: ${file.value}`);
      } else {
        environment[name] = this.replaced(text, inside, { start: 0, end: text.length });
        if (only !== undefined) {
          this.note(service.name, name, whole);
          this.change(only.occurrence, `${name}: ${masked(text, inside)}`, `${name}: ${environment[name] ?? ""}`);
        }
      }
    }
    if (Object.keys(environment).length > 0) tree["environment"] = environment;
    this.texts(tree, held);
    this.mounts(service, tree, mounts);
  }

  /** Commands, probes, labels and arguments. */
  private texts(tree: Tree, held: readonly Held[]): void {
    for (const { occurrence } of held.filter(
      (each, index) => held.findIndex((other) => other.occurrence.subject === each.occurrence.subject) === index,
    )) {
      const { where, name, subject } = occurrence;
      if (where === "environment" || where === "declared secret") continue;
      const inside = held.filter((each) => each.occurrence.subject === subject);
      const text = subject.traced.text;
      const all = this.replaced(text, inside, { start: 0, end: text.length });
      const words = subject.words?.map((word) => this.replaced(text, inside, word));
      if (where === "command" || where === "entrypoint") tree[where] = words ?? all;
      else if (where === "healthcheck") (tree["healthcheck"] as Tree)["test"] = words ?? all;
      else if (where === "label")
        for (const key of [tree["labels"], tree["annotations"], (tree["deploy"] as Tree | undefined)?.["labels"]])
          setKeyed(key, name, all);
      else if (where === "build argument") setKeyed((tree["build"] as Tree)["args"], name, all);
      else setPath(tree, name.split("."), escape(text) as string, all);
      this.change(occurrence, `${name}: ${masked(text, inside)}`, `${name}: ${all}`);
      this.notes.push(
        `${occurrence.service ?? ""}: ${where === name ? where : `${where} ${name}`} gets the value from a variable: docker inspect shows it`,
      );
    }
  }

  private config(name: string, tree: Tree): void {
    const inside = this.held.filter(({ occurrence }) => occurrence.where === "config" && occurrence.name === name);
    const text = inside[0]?.occurrence.subject.traced.text;
    if (text === undefined) return;
    tree["content"] = this.replaced(text, inside, { start: 0, end: text.length });
    this.notes.push(`config ${name}: holds a secret, and configs are readable by all that list them: make it a secret`);
  }

  /** A text with a reference in each secret's place. */
  private replaced(text: string, inside: readonly Held[], range: { start: number; end: number }): string {
    let result = "";
    let end = range.start;
    const within = inside.filter(({ occurrence }) => occurrence.start >= range.start && occurrence.end <= range.end);
    for (const { entry, occurrence } of [...within].sort((a, b) => a.occurrence.start - b.occurrence.start)) {
      if (occurrence.start < end) continue;
      result += dollars(text.slice(end, occurrence.start)) + this.reference(entry, occurrence.encoding);
      end = occurrence.end;
    }
    return result + dollars(text.slice(end, range.end));
  }

  private reference(entry: string, encoding: Encoding): string {
    const variable = encoding === "raw" ? entry : `${entry}__${encoding.toUpperCase()}`;
    this.variables.set(variable, { entry, encoding });
    return `\${${variable}:?}`;
  }

  /** What is mounted: what the images read from files, and what was mounted before. */
  private mounts(service: Service, tree: Tree, mounts: ReadonlySet<string>): void {
    const before = itemsOf(get(service.node, "secrets")).flatMap((item) => {
      const name = sourceOf(item);
      const entry = this.held.find(
        ({ occurrence }) => occurrence.where === "declared secret" && occurrence.name === name,
      )?.entry;
      if (name === undefined) return [];
      if (entry !== undefined) this.mounted.add(entry);
      const long = item.kind === "mapping" ? (plain(item) as Tree) : {};
      return [
        entry === undefined
          ? escape(plain(item))
          : { ...(escape(long) as Tree), source: entry, target: long["target"] ?? name },
      ];
    });
    for (const entry of mounts) this.mounted.add(entry);
    const all = [...before, ...[...mounts].sort()];
    if (all.length > 0) tree["secrets"] = all;
  }

  private declarations(): Tree {
    const declared: Tree = {};
    for (const entry of this.entries.filter((each) => this.mounted.has(each)))
      declared[entry] = this.source === "swarm" ? { external: true, name: `${entry}-g0` } : { environment: entry };
    if (this.source === "environment")
      for (const entry of this.mounted) this.variables.set(entry, { entry, encoding: "raw" });
    for (const { name, from, node } of this.project.secrets)
      if (from === "external") declared[name] = escape(plain(node));
    return declared;
  }

  private change({ service, at }: Occurrence, before: string, after: string): void {
    this.changes.push({ service: service ?? "", at, before, after });
  }

  private note(service: string, variable: string, whole: boolean): void {
    this.notes.push(
      whole
        ? `${service}: its image is not known to read ${variable} from a file, so the value is in its environment: docker inspect shows it`
        : `${service}: ${variable} is composed of parts when it runs: docker inspect shows it`,
    );
  }

  /** Paths below the project's folder are relative to it again. */
  private relative(value: unknown): unknown {
    if (typeof value === "string")
      return value.startsWith(`${this.project.folder}/`)
        ? `.${value.slice(this.project.folder.length)}`
        : value === this.project.folder
          ? "."
          : value;
    if (Array.isArray(value)) return value.map((item) => this.relative(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.relative(item)]));
  }
}

const header = `# Written by goimg-secrets import. It holds no value: the variables that it asks for come from
# goimg-secrets export --format env. Run it with --project-directory and the folder that it was made from.
`;

/** A text with `***` in the place of each secret in it. */
function masked(text: string, inside: readonly Held[]): string {
  let result = "";
  let end = 0;
  for (const { occurrence } of [...inside].sort((a, b) => a.occurrence.start - b.occurrence.start)) {
    if (occurrence.start < end) continue;
    result += `${text.slice(end, occurrence.start)}***`;
    end = occurrence.end;
  }
  return result + text.slice(end);
}

function dollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** A dollar sign is written as two. */
function escape(value: unknown): unknown {
  if (typeof value === "string") return dollars(value);
  if (Array.isArray(value)) return value.map(escape);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escape(item)]));
}

/** Sets a key of a mapping, or of a `KEY=value` list. */
function setKeyed(holder: unknown, name: string, value: string): void {
  if (Array.isArray(holder)) {
    const list = holder as unknown[];
    const index = list.findIndex((item) => typeof item === "string" && (item === name || item.startsWith(`${name}=`)));
    if (index >= 0) list[index] = `${name}=${value}`;
  } else if (typeof holder === "object" && holder !== null && name in holder) (holder as Tree)[name] = value;
}

/** Replaces a text at a path of keys, through lists, which paths do not count. */
function setPath(holder: unknown, keys: readonly string[], before: string, after: string): void {
  if (Array.isArray(holder)) {
    for (const [index, item] of holder.entries()) {
      if (item === before && keys.length === 0) (holder as unknown[])[index] = after;
      else setPath(item, keys, before, after);
    }
    return;
  }
  if (typeof holder !== "object" || holder === null) return;
  // A key may hold a dot itself: the longest that fits is the key.
  for (let count = keys.length; count > 0; count--) {
    const key = keys.slice(0, count).join(".");
    if (!(key in holder)) continue;
    if (count === keys.length && (holder as Tree)[key] === before) (holder as Tree)[key] = after;
    else setPath((holder as Tree)[key], keys.slice(count), before, after);
    return;
  }
}
