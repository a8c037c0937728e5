import { readFile } from "node:fs/promises";
import { isNode, parseDocument, visit, type Document } from "yaml";
import { secretNames, type SecretName } from "../../components/catalog/grants.ts";
import { applyEdits, toConfig, type Edit } from "../../components/rotation/edits.ts";
import { InvalidGenerations, parseGenerations, type Generations } from "../../components/rotation/generations.ts";
import { OperatorError } from "../error.ts";
import { writeWhole } from "../wholeFile.ts";

const key = "goimg-secrets:generations";

/** The declared generations of a stack, every secret of the catalog among them. */
export type DeclaredGenerations = Readonly<Record<SecretName, Generations>>;

/**
 * Reads what the stack's config declares.
 *
 * @throws OperatorError with every problem of the declaration
 */
export async function readDeclared(configFile: string): Promise<DeclaredGenerations> {
  const document = await readDocument(configFile);
  try {
    return parse(document);
  } catch (error) {
    if (error instanceof InvalidGenerations) throw new OperatorError(`${configFile}: ${error.message}`, 2);
    throw error;
  }
}

/**
 * Makes edits in the stack's config, in one step: the file is replaced, never half written. Comments and the order of
 * keys stay, so that the change is as small in a review as it is.
 *
 * @returns the declaration after the edits
 */
export async function editDeclared(configFile: string, edits: readonly Edit[]): Promise<DeclaredGenerations> {
  const document = await readDocument(configFile);
  const before = parse(document);
  const after = applyEdits(before, edits) as DeclaredGenerations;
  const named = namedIn(document);
  writeOutAliases(document);
  for (const [secret, generations] of Object.entries(toConfig(after, named))) {
    const node = document.createNode(generations, { flow: true });
    document.setIn(["config", key, secret], node);
  }
  // As people write it: the library pads lists and maps alike.
  await writeWhole(configFile, document.toString({ lineWidth: 0 }).replaceAll(/\[ ([\d, ]+) \]/g, "[$1]"));
  return after;
}

function parse(document: Document): DeclaredGenerations {
  const config = toJson(document);
  return parseGenerations(config, secretNames, { optional: secretNames }) as DeclaredGenerations;
}

function namedIn(document: Document): readonly string[] {
  const config = toJson(document);
  return typeof config === "object" && config !== null ? Object.keys(config) : [];
}

function toJson(document: Document): unknown {
  const node: unknown = document.getIn(["config", key], true);
  return isNode(node) ? (node.toJS(document) as unknown) : (node ?? undefined);
}

/** What is said once by an anchor of YAML's becomes each secret's own: an edit of one would change others, or leave them without it. */
function writeOutAliases(document: Document): void {
  const node: unknown = document.getIn(["config", key], true);
  if (!isNode(node)) return;
  visit(node, { Alias: (_, alias) => document.createNode(alias.toJS(document), { flow: true }) });
  visit(node, {
    Value: (_, value) => {
      delete value.anchor;
    },
  });
}

async function readDocument(configFile: string): Promise<Document> {
  let text: string;
  try {
    text = await readFile(configFile, "utf8");
  } catch {
    throw new OperatorError(
      `${configFile} can't be read: run this in the project, for a stack that exists (--stack)`,
      2,
    );
  }
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) throw new OperatorError(`${configFile} is not YAML: ${problem.code}`, 2);
  return document;
}
