/** Tables of the manuals that repeat the code are what the code says now. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { entries, secretNames } from "../../../components/catalog/grants.ts";
import { pagesWithTables, withTables } from "../../../toolchain/docs.ts";
import { projectRoot } from "../../../toolchain/paths.ts";

const pages = pagesWithTables().map((file) => path.relative(projectRoot, file));

describe("the manuals' tables", () => {
  it("are in the pages that the requirement asks for", () => {
    expect(pages).toEqual(
      expect.arrayContaining([
        "docs/deployment/secrets.md",
        "docs/security/gate.md",
        "docs/security/secret_rotation.md",
      ]),
    );
  });

  it.each(pages)("%s says what the code says: else run node toolchain/docs.ts", async (page) => {
    const text = readFileSync(path.join(projectRoot, page), "utf8");
    expect(await withTables(text)).toBe(text);
  });

  it("name every entry, and every secret with its period", () => {
    const deployment = readFileSync(path.join(projectRoot, "docs/deployment/secrets.md"), "utf8");
    for (const { name } of entries) expect(deployment).toContain(`| \`${name}\``);
    const rotation = readFileSync(path.join(projectRoot, "docs/security/secret_rotation.md"), "utf8");
    for (const name of secretNames) expect(rotation).toContain(`| \`${name}\``);
  });

  it("that do not exist are an error, and a page that drifted is written anew", async () => {
    await expect(withTables("<!-- table: nothing -->\n<!-- /table -->")).rejects.toThrow("no table nothing");
    const drifted = "<!-- table: schedule -->\n\n| secret |\n| - |\n| `OLD` |\n\n<!-- /table -->\n";
    expect(await withTables(drifted)).toContain("| `DB_PASSWORD`");
    expect(await withTables(drifted)).not.toContain("OLD");
  });
});
