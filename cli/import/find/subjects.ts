import type { Project, Service } from "../compose/project.ts";
import type { Node } from "../compose/node.ts";
import { get, pairs } from "../compose/node.ts";
import { keyedMapping } from "../compose/merge.ts";
import type { Traced } from "../compose/traced.ts";
import { concat, literal } from "../compose/traced.ts";

/** What kind of place a text of a service stands in. */
export type Where =
  "environment" | "command" | "entrypoint" | "healthcheck" | "label" | "build argument" | "config" | "other";

/** A text that may hold a secret. */
export interface Subject {
  /** Undefined: no service's own. */
  readonly service: string | undefined;
  readonly where: Where;
  /** Variable, label, argument, or the path of keys. */
  readonly name: string;
  readonly traced: Traced;
  /** A command that is a list of words: where each stands in the text. */
  readonly words?: readonly { readonly start: number; readonly end: number }[];
}

/** Keys of a service that hold names, numbers and places, or that are read elsewhere. */
const skipped = new Set(
  `environment env_file image secrets configs networks depends_on ports expose volumes volumes_from profiles extends platform user
   working_dir hostname domainname container_name restart cap_add cap_drop devices ulimits tmpfs dns dns_search init
   privileged read_only tty stdin_open stop_signal stop_grace_period network_mode pid ipc security_opt`.split(/\s+/),
);

/** Every text of a project that may hold a secret, in the order of the files. */
export function subjectsOf(project: Project): readonly Subject[] {
  const subjects = project.services.flatMap(subjectsOfService);
  for (const [name, config] of pairs(get(project.tree, "configs"))) {
    const content = get(config, "content");
    if (content?.kind === "scalar" && content.text !== undefined)
      subjects.push({ service: undefined, where: "config", name, traced: content.text });
  }
  return subjects;
}

function subjectsOfService(service: Service): Subject[] {
  const base = { service: service.name };
  const subjects: Subject[] = [];
  for (const [name, traced] of service.environment) subjects.push({ ...base, where: "environment", name, traced });
  for (const [key, node] of service.node.items) {
    if (key === "command" || key === "entrypoint") subjects.push(...command(node, { ...base, where: key, name: key }));
    else if (key === "healthcheck")
      subjects.push(...command(get(node, "test"), { ...base, where: "healthcheck", name: "healthcheck" }));
    else if (key === "labels" || key === "annotations") subjects.push(...keyed(node, { ...base, where: "label" }));
    else if (key === "build") subjects.push(...keyed(get(node, "args"), { ...base, where: "build argument" }));
    else if (!skipped.has(key)) subjects.push(...others(node, key, service.name));
    if (key === "deploy") subjects.push(...keyed(get(node, "labels"), { ...base, where: "label" }));
  }
  return subjects;
}

function keyed(node: Node | undefined, base: Pick<Subject, "service" | "where">): Subject[] {
  if (node === undefined) return [];
  return pairs(keyedMapping(node)).flatMap(([name, item]) =>
    item.kind === "scalar" && item.text !== undefined ? [{ ...base, name, traced: item.text }] : [],
  );
}

/** A command, whose words are judged together. */
function command(node: Node | undefined, base: Pick<Subject, "service" | "where" | "name">): Subject[] {
  if (node?.kind === "scalar" && node.text !== undefined) return [{ ...base, traced: node.text }];
  if (node?.kind !== "sequence") return [];
  const parts: Traced[] = [];
  const words: { start: number; end: number }[] = [];
  let length = 0;
  for (const item of node.items) {
    const text = item.kind === "scalar" ? (item.text ?? literal("", item.at)) : literal("", item.at);
    if (parts.length > 0) {
      parts.push(literal(" ", node.at));
      length++;
    }
    parts.push(text);
    words.push({ start: length, end: length + text.text.length });
    length += text.text.length;
  }
  return [{ ...base, traced: concat(parts, node.items[0]?.at ?? node.at), words }];
}

/** Anything else: `logging.options`, `x-…`, `develop`, hooks. */
function others(node: Node, name: string, service: string): Subject[] {
  if (node.kind === "scalar")
    return node.text === undefined ? [] : [{ service, where: "other", name, traced: node.text }];
  const inner = node.kind === "mapping" ? [...node.items] : node.items.map((item) => [name, item] as const);
  return inner.flatMap(([key, item]) => others(item, node.kind === "mapping" ? `${name}.${key}` : name, service));
}
