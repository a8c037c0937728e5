import path from "node:path";
import { parseDotenv } from "./dotenv.ts";
import type { Files } from "./files.ts";
import { merge, nothing, withoutResets } from "./merge.ts";
import type { Mapping, Node } from "./node.ts";
import { get, itemsOf, mapping, mapTexts, pairs, textOf, withItem } from "./node.ts";
import { absolute, isLocal, resolvePaths } from "./paths.ts";
import { substitute, type Lookup } from "./template.ts";
import type { Place, Traced } from "./traced.ts";
import { parseYaml } from "./yaml.ts";

/** A variable that a file asks for and nothing sets. */
export interface Unset {
  readonly variable: string;
  readonly at: Place;
  /** Compose refuses to run without it. */
  readonly required: boolean;
}

/** What is shared by the files of one project. */
export interface Session {
  readonly files: Files;
  readonly unset: Unset[];
}

/** Variables, and what is set outside of all files. */
export interface Environment {
  readonly variables: ReadonlyMap<string, Traced>;
  readonly lookup: Lookup;
}

const deepest = 32;

/** The variables of `.env` files; what is set outside wins over them. */
export async function loadEnvironment(
  files: readonly string[],
  outside: Lookup,
  session: Session,
): Promise<Environment> {
  const variables = new Map<string, Traced>();
  for (const file of files) {
    const text = await session.files.text(file);
    if (text === undefined) continue;
    const unset = (variable: string, at: Place): void => {
      note(session, { variable, at, required: false });
    };
    for (const { reason, ...at } of parseDotenv(text, {
      file: session.files.name(file),
      lookup: outside,
      variables,
      unset,
    }))
      session.files.problem(at, reason);
  }
  return { variables, lookup: (name) => outside(name) ?? variables.get(name) };
}

/** Loads files that override one another, each relative to the project's folder, and answers the merged tree. */
export async function loadFiles(
  files: readonly string[],
  folder: string,
  environment: Environment,
  session: Session,
): Promise<Mapping> {
  return withoutResets(await new Loader(session).files(files, folder, environment, [])) as Mapping;
}

class Loader {
  private readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async files(
    files: readonly string[],
    folder: string,
    environment: Environment,
    above: readonly string[],
  ): Promise<Mapping> {
    let merged = nothing();
    for (const file of files) {
      for (const document of await this.documents(file, environment)) {
        const included = await this.include(document, folder, environment, [...above, file]);
        const own = resolvePaths(document, folder);
        const complete = await this.extendAll(merge(included, own) as Mapping, file, environment);
        merged = merge(merged, complete) as Mapping;
      }
    }
    return merged;
  }

  /** The documents of a file, with variables in their places. */
  private async documents(file: string, environment: Environment, asked?: Place): Promise<readonly Mapping[]> {
    const text = await this.session.files.text(file, asked);
    if (text === undefined) return [];
    const { documents, problems } = parseYaml(text, this.session.files.name(file));
    for (const { reason, ...at } of problems) this.session.files.problem(at, reason);
    return documents.flatMap((document) => {
      if (document.kind === "mapping") return [this.interpolate(document, environment) as Mapping];
      if (document.kind !== "scalar" || document.text !== undefined)
        this.session.files.problem(document.at, "is no compose file: it holds no mapping");
      return [];
    });
  }

  private interpolate(document: Node, environment: Environment): Node {
    return mapTexts(document, ({ text, at }) =>
      substitute(text, {
        at,
        lookup: environment.lookup,
        unset: (variable) => {
          note(this.session, { variable, at, required: false });
        },
        required: (variable) => {
          note(this.session, { variable, at, required: true });
        },
        invalid: () => {
          this.session.files.problem(at, "a ${ that is no variable: write $${ for a dollar sign");
        },
      }),
    );
  }

  /** `include`: other projects' files, each with its own folder and variables. */
  private async include(
    document: Mapping,
    folder: string,
    environment: Environment,
    above: readonly string[],
  ): Promise<Mapping> {
    let merged = nothing();
    const included = get(document, "include");
    const items = included?.kind === "sequence" ? included.items : itemsOf(included);
    for (const item of items) {
      const names = item.kind === "mapping" ? itemsOf(get(item, "path")) : [item];
      const paths = names.flatMap((each) => this.localPath(each, folder));
      const first = paths[0];
      if (first === undefined) continue;
      if (paths.some((each) => above.includes(each)) || above.length > deepest) {
        this.session.files.problem(item.at, "includes itself");
        continue;
      }
      const own = textOf(get(item, "project_directory"))?.text;
      const inner = own === undefined ? path.dirname(first) : absolute(own, folder);
      const envFiles = itemsOf(get(item, "env_file")).flatMap((each) => this.localPath(each, folder));
      const dotenv = path.join(inner, ".env");
      const chosen =
        envFiles.length > 0
          ? envFiles
          : (await this.session.files.text(dotenv, undefined, true)) === undefined
            ? []
            : [dotenv];
      merged = merge(
        merged,
        await this.files(paths, inner, await loadEnvironment(chosen, environment.lookup, this.session), above),
      ) as Mapping;
    }
    return merged;
  }

  private async extendAll(document: Mapping, file: string, environment: Environment): Promise<Mapping> {
    const services = get(document, "services");
    if (services?.kind !== "mapping") {
      if (services !== undefined && textOf(services) !== undefined)
        this.session.files.problem(services.at, "services is no mapping");
      return document;
    }
    const items = new Map<string, Node>();
    for (const [name] of pairs(services)) items.set(name, await this.extended(name, services, file, environment, []));
    return withItem(document, "services", mapping(items, services.at));
  }

  /** A service with what it extends, and what that extends. */
  private async extended(
    name: string,
    services: Node,
    file: string,
    environment: Environment,
    above: readonly string[],
  ): Promise<Node> {
    const service = get(services, name);
    const extension = get(service, "extends");
    if (service?.kind !== "mapping" || extension === undefined) return service ?? nothing();
    const own: Mapping = { ...service, items: new Map([...service.items].filter(([key]) => key !== "extends")) };
    const base = textOf(extension)?.text ?? textOf(get(extension, "service"))?.text;
    const other = get(extension, "file");
    const source = other === undefined ? file : this.localPath(other, path.dirname(file))[0];
    if (base === undefined || source === undefined) {
      if (base === undefined) this.session.files.problem(extension.at, "extends names no service");
      return own;
    }
    const self = `${source}\0${base}`;
    if (above.includes(self) || above.length > deepest) {
      this.session.files.problem(extension.at, `extends ${base}, which extends it`);
      return own;
    }
    const candidates = other === undefined ? services : await this.servicesOf(source, environment, extension.at);
    if (candidates === undefined) return own;
    if (get(candidates, base) === undefined) {
      this.session.files.problem(
        extension.at,
        `extends ${base}, which ${this.session.files.name(source)} does not have`,
      );
      return own;
    }
    return merge(await this.extended(base, candidates, source, environment, [...above, self]), own, `services.${name}`);
  }

  /** The services of a file that is extended: its paths are relative to its own folder. */
  private async servicesOf(file: string, environment: Environment, asked: Place): Promise<Node | undefined> {
    let merged: Node | undefined;
    for (const document of await this.documents(file, environment, asked)) {
      const services = get(resolvePaths(document, path.dirname(file)), "services");
      if (services !== undefined) merged = merged === undefined ? services : merge(merged, services, "services");
    }
    return merged;
  }

  private localPath(node: Node, folder: string): readonly string[] {
    const text = textOf(node)?.text;
    if (text === undefined || text === "") return [];
    if (isLocal(text)) return [absolute(text, folder)];
    this.session.files.problem(node.at, "is kept elsewhere: fetch it, and name the local file");
    return [];
  }
}

function note(session: Session, unset: Unset): void {
  const same = session.unset.some(
    ({ variable, at }) => variable === unset.variable && at.file === unset.at.file && at.line === unset.at.line,
  );
  if (!same) session.unset.push(unset);
}
