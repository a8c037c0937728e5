import { readFile } from "node:fs/promises";
import { parseDocument, type Document } from "yaml";
import {
  InvalidStoreSettings,
  parseStoreSettings,
  type StoreKind,
  type StoreSettings,
} from "../../components/stores/settings.ts";
import { OperatorError } from "../error.ts";
import { writeWhole } from "../wholeFile.ts";

const pathOf = (key: string): readonly string[] => ["config", `goimg-secrets:${key}`];

/**
 * The stores that a stack's config chooses, as its program reads them.
 *
 * @param keepIn asks what the settings would be if values were kept there
 * @throws OperatorError with every problem of the settings
 */
export async function readStoreSettings(configFile: string, keepIn?: readonly StoreKind[]): Promise<StoreSettings> {
  const document = await readDocument(configFile);
  if (keepIn !== undefined) document.setIn(pathOf("keepIn"), document.createNode(keepIn));
  return parsed(configFile, document);
}

/**
 * Chooses where services read from and where values are kept, in one step: the file is replaced, never half written.
 *
 * @throws OperatorError if the outcome is not valid; then nothing was written
 */
export async function editStores(configFile: string, store: StoreKind, keepIn: readonly StoreKind[]): Promise<void> {
  const document = await readDocument(configFile);
  document.setIn(pathOf("store"), store);
  if (keepIn.length === 1) document.deleteIn(pathOf("keepIn"));
  else document.setIn(pathOf("keepIn"), document.createNode(keepIn, { flow: true }));
  parsed(configFile, document);
  await writeWhole(configFile, document.toString({ lineWidth: 0 }));
}

async function readDocument(configFile: string): Promise<Document> {
  const document = parseDocument(await readFile(configFile, "utf8").catch(() => ""));
  const problem = document.errors[0];
  if (problem !== undefined) throw new OperatorError(`${configFile} is not YAML: ${problem.code}`, 2);
  return document;
}

function parsed(configFile: string, document: Document): StoreSettings {
  const config = ((document.toJS() ?? {}) as { readonly config?: Readonly<Record<string, unknown>> }).config ?? {};
  const at = (key: string): unknown => config[`goimg-secrets:${key}`];
  try {
    return parseStoreSettings({ store: at("store"), keepIn: at("keepIn"), vault: at("vault") });
  } catch (error) {
    if (error instanceof InvalidStoreSettings) throw new OperatorError(`${configFile}: ${error.message}`, 2);
    throw error;
  }
}
