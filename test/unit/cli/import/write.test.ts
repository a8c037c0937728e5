import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { valuesOf } from "../../../../cli/import/run.ts";
import { writeImport } from "../../../../cli/import/write.ts";
import { formsOf, plan, projectNames } from "./support.ts";

/** Stands in for pulumi: keeps each call's arguments, and its input in a folder of the test's own. */
const fake = `#!/bin/sh
number=$(ls "$FAKE_LOG" | wc -l)
printf '%s\\n' "$@" > "$FAKE_LOG/$number.args"
cat > "$FAKE_LOG/$number.input"
`;

describe("what an import writes", () => {
  let folder: string;
  let log: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-write-"));
    log = await mkdtemp(path.join(tmpdir(), "goimg-pulumi-"));
    await writeFile(path.join(log, "pulumi"), fake);
    await chmod(path.join(log, "pulumi"), 0o755);
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
    await rm(log, { recursive: true });
  });

  const options = (overwrite = false): Parameters<typeof writeImport>[1] => ({
    folder,
    stack: "prod",
    project: "imported",
    overwrite,
    env: { PATH: `${log}:${process.env["PATH"] ?? ""}`, FAKE_LOG: log },
  });

  test("hands each value to pulumi on its standard input, byte for byte, and in no argument", async () => {
    const imported = await plan("include-secrets");
    await writeImport(imported, options());
    const calls = (await readdir(log)).filter((name) => name.endsWith(".args"));
    const adopted = new Map<string, string>();
    for (const name of calls) {
      const args = (await readFile(path.join(log, name), "utf8")).split("\n");
      const entry = args.find((arg) => arg.startsWith("adopted:"));
      if (entry !== undefined)
        adopted.set(entry, await readFile(path.join(log, name.replace("args", "input")), "utf8"));
      for (const value of valuesOf(imported.secrets).values()) expect(args.join("\n")).not.toContain(value.reveal());
    }
    expect(adopted).toEqual(
      new Map([...valuesOf(imported.secrets)].map(([entry, value]) => [`adopted:${entry}.g0`, value.reveal()])),
    );
  });

  test("is readable by its owner alone, holds no value, and declares generation 0 of each secret", async () => {
    const imported = await plan("mastodon-like");
    const written = await writeImport(imported, options());
    expect(written).toEqual(["compose.yaml", "catalog.ts", "import.json", "Pulumi.yaml", "Pulumi.prod.yaml"]);
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name);
      expect((await stat(file)).mode & 0o077).toBe(0);
      const text = await readFile(file, "utf8");
      for (const value of valuesOf(imported.secrets).values())
        for (const form of formsOf(value.reveal())) expect(text.includes(form), name).toBe(false);
    }
    expect(await readFile(path.join(folder, "Pulumi.prod.yaml"), "utf8")).toContain(
      "AWS_KEY:\n      live:\n        - 0\n      active: 0\n",
    );
  });

  test("is refused where other files would be lost, all of them named, and done with --overwrite", async () => {
    const imported = await plan("postgres-app");
    await writeFile(path.join(folder, "compose.yaml"), "mine");
    await writeFile(path.join(folder, "catalog.ts"), "mine");
    await expect(writeImport(imported, options())).rejects.toThrow("has another compose.yaml, catalog.ts");
    expect(await readdir(log)).toEqual(["pulumi"]);
    await writeImport(imported, options(true));
    expect(await readFile(path.join(folder, "catalog.ts"), "utf8")).toBe(imported.catalog);
  });

  test("is a catalog that compiles, also as this project's own types, and does not when a service is mistyped", async () => {
    const types = path.resolve(import.meta.dirname, "../../../../components/catalog/types.ts");
    const files = new Map<string, string>();
    for (const name of projectNames) {
      const { catalog } = await plan(name);
      files.set(path.join(folder, `${name}.ts`), catalog);
      files.set(
        path.join(folder, `${name}.check.ts`),
        `import type { SecretSpec } from ${JSON.stringify(types)};\nimport { catalog } from "./${name}.ts";\ntype Ours = Omit<SecretSpec, "acceptors" | "entries" | "requiredIn">;\nexport const ours: Record<string, Ours> = catalog;\n`,
      );
    }
    files.set(
      path.join(folder, "wrong.ts"),
      (await plan("postgres-app")).catalog.replace('consumers: ["web", "db"]', 'consumers: ["wbe", "db"]'),
    );
    for (const [file, text] of files) await writeFile(file, text);
    const program = ts.createProgram([...files.keys()], {
      strict: true,
      noEmit: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      allowImportingTsExtensions: true,
      types: [],
    });
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => [
        path.basename(file?.fileName ?? ""),
        ts.flattenDiagnosticMessageText(messageText, "\n"),
      ]);
    expect(problems.map(([file]) => file)).toEqual(["wrong.ts"]);
    expect(problems[0]?.[1]).toContain("wbe");
  });
});
