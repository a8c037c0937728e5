/** Pages lead to pages that are there, and workflows run commands that are there. */
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { actionlintTools } from "../../../toolchain/goTools.ts";
import { projectRoot } from "../../../toolchain/paths.ts";
import { run } from "../../../toolchain/process.ts";

const pages = ["*.md", "docs/**/*.md", "images/*.md", "examples/**/*.md"].flatMap((pattern) =>
  globSync(pattern, { cwd: projectRoot, exclude: (name) => name === "node_modules" }),
);

/** Names under which a page's headings can be linked to, as GitHub makes them. */
function anchors(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

it.each(pages)("%s leads nowhere that is not there", (name) => {
  const page = readFileSync(path.join(projectRoot, name), "utf8").replace(/^```[^]*?^```$/gm, "");
  for (const [, target = ""] of page.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = "", anchor] = target.split("#");
    const there = file === "" ? name : path.join(path.dirname(name), file);
    expect(existsSync(path.join(projectRoot, there)), `${name} leads to ${target}`).toBe(true);
    if (anchor !== undefined)
      expect(anchors(readFileSync(path.join(projectRoot, there), "utf8")), `${name} leads to ${target}`).toContain(
        anchor,
      );
  }
});

const workflow = z.object({
  permissions: z.looseObject({ contents: z.literal("read") }),
  jobs: z.record(
    z.string(),
    z.looseObject({
      "timeout-minutes": z.number(),
      steps: z.array(z.looseObject({ run: z.string().optional(), uses: z.string().optional() })),
    }),
  ),
});

describe.each(globSync(".github/workflows/*.yml", { cwd: projectRoot }))("%s", (name) => {
  const { jobs } = workflow.parse(parse(readFileSync(path.join(projectRoot, name), "utf8")));
  const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));

  it("runs commands and files of this project", () => {
    const main = readFileSync(path.join(projectRoot, "cli/main.ts"), "utf8");
    const makefile = readFileSync(path.join(projectRoot, "Makefile"), "utf8");
    expect(runs.length).toBeGreaterThan(0);
    for (const text of runs) {
      for (const [, command = ""] of text.matchAll(/goimg-secrets ([a-z]+)/g))
        expect(main).toContain(`\n  ${command}: {`);
      for (const [, file = ""] of text.matchAll(/node ([\w/]+\.ts)/g))
        expect(existsSync(path.join(projectRoot, file))).toBe(true);
      for (const [, target = ""] of text.matchAll(/make ([a-z]+)/g))
        expect(makefile).toMatch(new RegExp(`^${target}:`, "m"));
    }
  });

  it("is what GitHub takes, by actionlint", async () => {
    const actionlint = path.join(await actionlintTools(), "actionlint");
    expect(await run(actionlint, ["-no-color", name], { cwd: projectRoot })).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("puts nothing that others choose into a command line, and pins what it uses", () => {
    for (const text of runs) expect(text).not.toContain("${{");
    for (const { uses } of Object.values(jobs).flatMap(({ steps }) => steps))
      if (uses !== undefined) expect(uses).toMatch(/@v\d+$/);
  });
});
