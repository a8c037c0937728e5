import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { rules } from "../../policies/rules.ts";

const root = path.resolve(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "docs/policies.md"), "utf8");

/** The cells of a section's first table, without its head. */
function tableOf(section: string): readonly (readonly string[])[] {
  const [, text = ""] = page.split(`\n## ${section}\n`);
  const rows =
    text
      .split("\n## ")[0]
      ?.split("\n")
      .filter((line) => line.startsWith("|")) ?? [];
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

describe("docs/policies.md", () => {
  it("lists exactly the pack's policies, with their levels", () => {
    expect(tableOf("Policies").map(([name, level]) => [name, level])).toEqual(
      rules().map(({ name, level }) => [name, level]),
    );
  });

  it("lists exactly their settings, with defaults and bounds", () => {
    const expected = rules().flatMap(({ name, settings }) => Object.keys(settings).map((key) => [name, key]));
    expect(tableOf("Settings").map(([policy, setting]) => [policy, setting])).toEqual(expected);
    for (const [policy, setting = "", standard, bounds] of tableOf("Settings")) {
      const schema = rules().find(({ name }) => name === policy)?.settings[setting];
      if (typeof schema?.default !== "number") continue;
      expect(standard).toBe(String(schema.default));
      expect(bounds).toBe(`${schema.minimum ?? ""} to ${schema.maximum ?? ""}`);
    }
  });

  it("names rules that exist", () => {
    const code = rules()
      .map(({ name }) => readFileSync(path.join(root, "policies", `${name}.ts`), "utf8"))
      .concat(
        ["mounts", "grants", "access", "network", "variables"].map((file) =>
          readFileSync(path.join(root, "policies/privilege", `${file}.ts`), "utf8"),
        ),
      )
      .concat(readFileSync(path.join(root, "policies/state/check.ts"), "utf8"))
      .join("\n");
    for (const [policy, , , named = ""] of tableOf("Policies")) {
      if (policy === "no-plaintext-env") continue;
      for (const rule of named.split(", ")) expect(code).toContain(`"${rule}"`);
    }
  });
});

describe("a policy", () => {
  it.each(rules().map(({ name }) => name))("%s has a file of its name, and a test", (name) => {
    expect(existsSync(path.join(root, "policies", `${name}.ts`))).toBe(true);
    const tests = name === "key-material" ? "strength" : name;
    expect(existsSync(path.join(root, "test/policy", `${tests}.test.ts`))).toBe(true);
  });
});
