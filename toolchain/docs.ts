#!/usr/bin/env node
/**
 * Writes the tables of the manuals that repeat what the code says: `node toolchain/docs.ts`. A page has them between
 * `<!-- table: NAME -->` and `<!-- /table -->`; a unit test fails when a page was not written anew.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as prettier from "prettier";
import { entries, secretNames, secretSpecs, type CatalogEntry } from "../components/catalog/grants.ts";
import type { Format } from "../components/catalog/types.ts";
import { controls } from "../cli/gate/controls/index.ts";
import { projectRoot } from "./paths.ts";

type Row = readonly string[];

const code = (text: string): string => `\`${text}\``;

function formatOf(format: Format): string {
  switch (format.type) {
    case "rsaPrivateKeyPem":
      return `PEM, RSA private key, ${format.minBits} bits or more, the pair of ${code(format.pair)}`;
    case "rsaPublicKeyPem":
      return `PEM, RSA public key, ${format.minBits} bits or more`;
    case "tlsPrivateKeyPem":
      return `PEM, private key, RSA of ${format.minBits} bits or more or P-256, the pair of ${code(format.pair)}`;
    case "tlsCertificatePem":
      return `PEM, certificate and chain, RSA of ${format.minBits} bits or more or P-256`;
    case "text": {
      const { minLength, maxLength, charset = "printable" } = format;
      const most = maxLength === undefined ? " or more" : ` to ${maxLength}`;
      return `${maxLength === minLength ? minLength : `${minLength}${most}`} characters, ${charset}`;
    }
  }
}

const kinds = {
  rsaKeyPair: "generated (TLS key)",
  password: "generated (random password)",
  accessKeyPair: "generated (random)",
  external: "issued by a third party, supplied",
} as const;

const requiredIn = ({ secret }: CatalogEntry): readonly string[] => secretSpecs[secret].requiredIn;
const entryRow = (entry: CatalogEntry): Row => {
  const { feature, kind } = secretSpecs[entry.secret];
  const where = requiredIn(entry).join(", ") || "nowhere";
  return [code(entry.name), entry.description, formatOf(entry.format), kinds[kind], where, feature];
};

/** Tables by name: head, then rows. */
const tables: Readonly<Record<string, () => readonly Row[]>> = {
  required: () => [
    ["entry", "what", "format", "value", "required in", "without it"],
    ...entries
      .filter((entry) => requiredIn(entry).length > 0)
      .map(entryRow)
      .map((row) => [...row.slice(0, 5), `no ${row[5] ?? ""}`]),
  ],
  optional: () => [
    ["entry", "what", "format", "value", "switches on"],
    ...entries
      .filter((entry) => requiredIn(entry).length === 0)
      .map(entryRow)
      .map((row) => [...row.slice(0, 4), row[5] ?? ""]),
  ],
  grants: () => [
    ["entry", "services that may read it"],
    ...entries.map(({ name, consumers }) => [code(name), consumers.join(", ")]),
  ],
  schedule: () => [
    ["secret", "every", "how (strategy)", "owner", "entries"],
    ...secretNames.map((name) => {
      const { period, strategy, owner, entries: own } = secretSpecs[name];
      return [code(name), period, strategy, owner, Object.keys(own).map(code).join(", ")];
    }),
  ],
  controls: () => [
    ["control", "id", "what is looked at"],
    ...controls
      .filter(({ kind }) => kind === "control")
      .map(({ number, title, id, how }) => [`${number}. ${title}`, code(id), how]),
  ],
  practices: () => [
    ["practice", "id", "what is looked at"],
    ...controls
      .filter(({ kind }) => kind === "practice")
      .map(({ number, title, id, how }) => [`${number}. ${title}`, code(id), how]),
  ],
};

/**
 * A page with its tables written anew, formatted as all pages are.
 *
 * @throws Error for a table that is not there
 */
export async function withTables(page: string): Promise<string> {
  const written = page.replace(/<!-- table: (\w+) -->[^]*?<!-- \/table -->/g, (_, name: string) => {
    const [head, ...rows] = tables[name]?.() ?? [];
    if (head === undefined) throw new Error(`there is no table ${name}: ${Object.keys(tables).join(", ")}`);
    const lines = [head, head.map(() => "-"), ...rows].map(
      (row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
    );
    return `<!-- table: ${name} -->\n\n${lines.join("\n")}\n\n<!-- /table -->`;
  });
  const config = await prettier.resolveConfig(path.join(projectRoot, "README.md"));
  return prettier.format(written, { ...config, parser: "markdown" });
}

/** Pages that have such tables. */
export function pagesWithTables(): readonly string[] {
  return ["*.md", "docs/**/*.md"]
    .flatMap((pattern) => globSync(pattern, { cwd: projectRoot }))
    .map((name) => path.join(projectRoot, name))
    .filter((file) => readFileSync(file, "utf8").includes("<!-- table: "));
}

if (import.meta.main) {
  for (const file of pagesWithTables()) writeFileSync(file, await withTables(readFileSync(file, "utf8")));
}
