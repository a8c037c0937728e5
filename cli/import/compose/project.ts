import path from "node:path";
import { parseDotenv } from "./dotenv.ts";
import { Files } from "./files.ts";
import { loadEnvironment, loadFiles, type Environment, type Session, type Unset } from "./load.ts";
import { keyedMapping } from "./merge.ts";
import type { Mapping, Node } from "./node.ts";
import { get, itemsOf, pairs, textOf } from "./node.ts";
import type { Lookup } from "./template.ts";
import type { Problem, Traced } from "./traced.ts";
import { literal } from "./traced.ts";

/** A service as compose would run it. */
export interface Service {
  readonly name: string;
  /** The image, or empty if it is built. */
  readonly image: string;
  /** Variables with their values; those without a value anywhere are left out, as compose leaves them out. */
  readonly environment: ReadonlyMap<string, Traced>;
  /** The service's tree, all variables in their places. */
  readonly node: Mapping;
}

/** A secret that the project's files declare themselves. `value` is undefined where it is kept elsewhere, or missing. */
export interface DeclaredSecret {
  readonly name: string;
  readonly from: "file" | "environment" | "content" | "external";
  readonly value: Traced | undefined;
  /** Services that mount it. */
  readonly consumers: readonly string[];
  readonly node: Node;
}

/** A project of compose and `.env` files, resolved as compose would resolve it. */
export interface Project {
  /** Folder that its paths are relative to. */
  readonly folder: string;
  readonly services: readonly Service[];
  readonly secrets: readonly DeclaredSecret[];
  /** Variables of the `.env` files that were read. */
  readonly variables: ReadonlyMap<string, Traced>;
  readonly tree: Mapping;
  readonly unset: readonly Unset[];
  readonly problems: readonly Problem[];
  /** Absolute paths of every file that was read. */
  readonly files: readonly string[];
}

/** What to read, and with which variables. */
export interface ProjectOptions {
  /** Compose files; later ones override earlier ones. */
  readonly compose: readonly string[];
  /** `.env` files; without any, the one beside the first compose file. */
  readonly env: readonly string[];
  /** Variables set outside of all files, which win. */
  readonly outside: Readonly<Record<string, string | undefined>>;
  /** Folder that files are named from in reports. */
  readonly from: string;
}

/** Reads a project. Nothing is thrown for what can't be read: it is among the problems, and the rest is answered. */
export async function readProject(options: ProjectOptions): Promise<Project> {
  const session: Session = { files: new Files(options.from), unset: [] };
  const folder = path.dirname(path.resolve(options.from, options.compose[0] ?? options.env[0] ?? "."));
  const compose = options.compose.map((file) => path.resolve(options.from, file));
  const beside = path.join(folder, ".env");
  const hasDotenv = options.env.length === 0 && (await session.files.text(beside, undefined, true)) !== undefined;
  const env = hasDotenv ? [beside] : options.env.map((file) => path.resolve(options.from, file));
  const outside: Lookup = (name) => {
    const value = options.outside[name];
    return value === undefined ? undefined : literal(value, { file: "the environment", line: 0 });
  };
  const environment = await loadEnvironment(env, outside, session);
  const tree = await loadFiles(compose, folder, environment, session);
  const services: Service[] = [];
  for (const [name, node] of pairs(get(tree, "services"))) {
    if (node.kind !== "mapping") session.files.problem(node.at, `service ${name} is no mapping`);
    else services.push(await readService(name, node, environment, session));
  }
  const secrets: DeclaredSecret[] = [];
  for (const [name, node] of pairs(get(tree, "secrets")))
    secrets.push(await readSecret(name, node, services, environment, session));
  return {
    folder,
    services,
    secrets,
    variables: environment.variables,
    tree,
    unset: session.unset,
    problems: session.files.problems,
    files: session.files.read,
  };
}

async function readService(name: string, node: Mapping, environment: Environment, session: Session): Promise<Service> {
  const declared = get(node, "environment");
  const own = new Map<string, Traced>();
  const without: string[] = [];
  if (declared !== undefined) {
    for (const [key, item] of keyedMapping(declared).items) {
      const value = item.kind === "scalar" ? (item.text ?? environment.lookup(key)) : undefined;
      if (value !== undefined) own.set(key, value);
      else if (item.kind === "scalar") without.push(key);
      if (item.kind === "scalar" && item.text === undefined && value === undefined)
        session.unset.push({ variable: key, at: item.at, required: false });
    }
  }
  const variables = new Map(own);
  for (const item of itemsOf(get(node, "env_file")).concat(single(get(node, "env_file")))) {
    const file = textOf(item)?.text ?? textOf(get(item, "path"))?.text;
    if (file === undefined) continue;
    const required = get(item, "required");
    const optional = required?.kind === "scalar" && (required.value === false || required.value === "false");
    const text = await session.files.text(file, item.at, optional);
    if (text === undefined) continue;
    const problems = parseDotenv(text, {
      file: session.files.name(file),
      lookup: (key) => environment.lookup(key) ?? own.get(key),
      variables,
      ...(textOf(get(item, "format"))?.text === "raw" ? { format: "raw" } : {}),
    });
    for (const { reason, ...at } of problems) session.files.problem(at, reason);
  }
  for (const key of without) if (!own.has(key) && environment.lookup(key) === undefined) variables.delete(key);
  return {
    name,
    image: textOf(get(node, "image"))?.text ?? "",
    environment: new Map([...variables, ...own]),
    node,
  };
}

/** `env_file: { path: … }` without a list around it. */
function single(node: Node | undefined): readonly Node[] {
  return node?.kind === "mapping" ? [node] : [];
}

async function readSecret(
  name: string,
  node: Node,
  services: readonly Service[],
  environment: Environment,
  session: Session,
): Promise<DeclaredSecret> {
  const consumers = services
    .filter((service) => itemsOf(get(service.node, "secrets")).some((item) => sourceOf(item) === name))
    .map((service) => service.name);
  const base = { name, consumers, node };
  const file = textOf(get(node, "file"));
  const variable = textOf(get(node, "environment"));
  const content = textOf(get(node, "content"));
  if (file !== undefined) {
    const text = await session.files.text(file.text, file.at);
    return {
      ...base,
      from: "file",
      value: text === undefined ? undefined : literal(text, { file: session.files.name(file.text), line: 1 }),
    };
  }
  if (variable !== undefined) {
    const value = environment.lookup(variable.text);
    if (value === undefined) session.unset.push({ variable: variable.text, at: variable.at, required: true });
    return { ...base, from: "environment", value };
  }
  return { ...base, from: content === undefined ? "external" : "content", value: content };
}

/** The declared name that an item of a service's `secrets` refers to. */
export function sourceOf(item: Node): string | undefined {
  return textOf(item)?.text ?? textOf(get(item, "source"))?.text;
}
