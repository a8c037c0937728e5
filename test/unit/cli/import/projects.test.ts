import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readProject, type Project } from "../../../../cli/import/compose/project.ts";
import { encoders } from "../../../../cli/import/find/encodings.ts";
import { importReport, importText } from "../../../../cli/import/report.ts";
import { valuesOf, type ImportPlan } from "../../../../cli/import/run.ts";
import { scanText } from "../../../../cli/scan/files.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { composeFiles, formsOf, plan, projectNames, projectsFolder, usesOf } from "./support.ts";

async function json(name: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(path.join(projectsFolder, name, file), "utf8")) as unknown;
}

test("there are at least twenty projects", () => {
  expect(projectNames.length).toBeGreaterThanOrEqual(20);
});

describe.each(projectNames)("%s", (name) => {
  test("every value is resolved as compose itself resolves it", async () => {
    const folder = path.join(projectsFolder, name);
    const project = await readProject({ compose: composeFiles(name), env: [], outside: {}, from: folder });
    expect(project.problems).toEqual([]);
    expect(environments(project)).toEqual(await json(name, "resolved.json"));
  });

  test("exactly the secrets in it are found, named, and given a kind and a strategy", async () => {
    expect(usesOf(await plan(name))).toEqual(await json(name, "expected.json"));
  });

  test("no value is lost: the emitted services get each of them back from what was adopted", async () => {
    const imported = await plan(name);
    const after = await emitted(imported);
    expect(after.problems).toEqual([]);
    expect(after.unset).toEqual([]);
    expect(restored(after, imported)).toEqual(restored(imported.project, imported));
  });

  test("no value is revealed, in any form, in what is printed and written", async () => {
    const imported = await plan(name);
    const outputs = [
      await importText(imported),
      JSON.stringify(importReport(imported)),
      imported.compose.text,
      imported.catalog,
    ].join("\n");
    for (const [entry, value] of valuesOf(imported.secrets)) {
      // A word such as "postgres" stands in an image's name too: there it reveals nothing.
      if (/^[a-z]+$/.test(value.reveal()) || entry === "MINIO_ROOT_USER") continue;
      for (const form of formsOf(value.reveal())) expect(outputs.includes(form), `${entry} in an output`).toBe(false);
    }
    expect(scanText("compose.yaml", imported.compose.text)).toEqual({ findings: [], errors: [] });
  });
});

function environments(project: Project): unknown {
  return Object.fromEntries(
    project.services.map((service) => [
      service.name,
      Object.fromEntries([...service.environment].map(([key, { text }]) => [key, text])),
    ]),
  );
}

/** The emitted services, run with the variables that the export gives them. */
async function emitted({ compose, secrets, project }: ImportPlan): Promise<Project> {
  const values = valuesOf(secrets);
  const outside = Object.fromEntries(
    compose.variables.map(({ variable, entry, encoding }) => [
      variable,
      encoders[encoding](values.get(entry)?.reveal() ?? ""),
    ]),
  );
  const folder = await mkdtemp(path.join(tmpdir(), "goimg-import-"));
  try {
    await writeFile(path.join(folder, "compose.yaml"), compose.text);
    const read = await readProject({ compose: ["compose.yaml"], env: [], outside, from: folder });
    expect(read.services.map((service) => service.name)).toEqual(project.services.map((service) => service.name));
    return read;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Each service's variables and commands; a variable that names a mounted file is what the file holds. */
function restored(project: Project, { secrets }: ImportPlan): unknown {
  const values = valuesOf(secrets);
  return Object.fromEntries(
    project.services.map((service) => {
      const environment = [...service.environment].map(([key, { text }]) => {
        const file = /^(?:file:\/\/|cat )?\/run\/secrets\/(\w+)$/.exec(text)?.[1] ?? "";
        const value = values.get(file)?.reveal();
        return value === undefined ? [key, text] : [key.replace(/^FILE__|_{1,2}FILE$|_CMD$/g, ""), value];
      });
      const commands = ["command", "entrypoint", "healthcheck", "labels"].map((key) => {
        const node = service.node.items.get(key);
        return node === undefined ? undefined : JSON.stringify(texts(node));
      });
      return [service.name, { environment: Object.fromEntries(environment) as unknown, commands }];
    }),
  );
}

function texts(node: unknown): unknown {
  const { items, value } = node as { items?: Map<string, unknown> | unknown[]; value?: unknown };
  if (items instanceof Map) return Object.fromEntries([...items].map(([key, item]) => [key, texts(item)]));
  return Array.isArray(items) ? items.map(texts) : value;
}
