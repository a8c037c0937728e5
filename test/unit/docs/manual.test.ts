/** What follows a manual: it runs what the page says, in order, in one shell, and notices what is not as shown. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { blocksOf, follow, missingFrom } from "../../e2e/manual.ts";

const page = `# Page
\`\`\`sh
export NAME=reader
echo "hello $NAME"; echo to the error stream >&2
\`\`\`

\`\`\`text
hello …
to the error stream
\`\`\`

\`\`\`yaml
not: run
\`\`\`

Text between.

\`\`\`text
not the output of anything
\`\`\`

\`\`\`sh
echo "still $NAME"; false; echo never
\`\`\`

\`\`\`sh
echo not reached
\`\`\`
`;

it("a page is its sh blocks, each with what is shown right after it", () => {
  expect(blocksOf(page).map(({ line, shown }) => ({ line, shown }))).toEqual([
    { line: 2, shown: ["hello …", "to the error stream"] },
    { line: 22, shown: [] },
    { line: 26, shown: [] },
  ]);
});

it("it is followed in one shell, which stops where a command fails", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "goimg-manual-"));
  try {
    await writeFile(path.join(folder, "page.md"), page);
    const ran = await follow(path.join(folder, "page.md"), folder, process.env);
    expect(ran.map(({ output }) => output)).toEqual([
      "hello reader\nto the error stream\n",
      "still reader\n\n(the shell ended here)",
      undefined,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("shown lines are looked for in their order, whole, with … for anything and any run of blanks", () => {
  expect(missingFrom("a 12 s\nb (x)\n", ["a … s", "b (x)"])).toBeUndefined();
  expect(missingFrom("b\na\n", ["a", "b"])).toBe("b");
  expect(missingFrom("a and more\n", ["a"])).toBe("a");
  expect(missingFrom("a.c\n", ["abc"])).toBe("abc");
  expect(missingFrom("NAME   │ x\n", ["NAME │ x"])).toBeUndefined();
});
