/** Follows a manual as a newcomer does: every `sh` block from top to bottom, in one shell, and what it shows beside it. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

/** One block to run, with what the page says that it prints. */
export interface Block {
  /** Line of the page, from 1. */
  readonly line: number;
  readonly commands: string;
  /** Lines that its output has, in this order; `…` stands for anything. */
  readonly shown: readonly string[];
}

/** What a block printed, standard error included; undefined when the shell had ended before it. */
export interface Ran extends Block {
  readonly output: string | undefined;
}

/** The `sh` blocks of a page. A `text` block right after one shows what it prints. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const fence = /^```(\w*)\n([^]*?)^```$/gm;
  let end = 0;
  for (const { 0: whole, 1: language, 2: content = "", index } of page.matchAll(fence)) {
    const between = page.slice(end, index);
    const last = blocks.at(-1);
    if (language === "sh") blocks.push({ line: page.slice(0, index).split("\n").length, commands: content, shown: [] });
    else if (language === "text" && last !== undefined && between.trim() === "") {
      blocks[blocks.length - 1] = { ...last, shown: content.split("\n").filter((line) => line.trim() !== "") };
    }
    end = index + whole.length;
  }
  return blocks;
}

/** The first shown line that an output does not have after the ones before it; undefined when it has all. */
export function missingFrom(output: string, shown: readonly string[]): string | undefined {
  const lines = output.split("\n");
  let at = 0;
  for (const line of shown) {
    const pattern = new RegExp(
      `^${line
        .split("…")
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ +/g, " +"))
        .join(".*")}$`,
    );
    const found = lines.findIndex((text, index) => index >= at && pattern.test(text.trimEnd()));
    if (found < 0) return line;
    at = found + 1;
  }
  return undefined;
}

/** Runs the blocks of a page in one shell that stops at the first failure, as a careful reader does. */
export async function follow(file: string, cwd: string, env: NodeJS.ProcessEnv): Promise<readonly Ran[]> {
  const blocks = blocksOf(await readFile(file, "utf8"));
  const mark = (index: number): string => `@@@ block ${index} @@@`;
  const script = blocks.map(({ commands }, index) => `echo '${mark(index)}'\n${commands}`).join("\n");
  const shell = spawn("bash", ["-euo", "pipefail", "-c", `exec 2>&1\n${script}\necho '${mark(blocks.length)}'`], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await new Promise((done) => shell.on("close", done));
  return blocks.map((block, index) => {
    const [, after] = output.split(`${mark(index)}\n`);
    const [own, next] = after?.split(/^@@@ block \d+ @@@$/m) ?? [];
    return {
      ...block,
      output: next === undefined && after !== undefined ? `${own ?? ""}\n(the shell ended here)` : own,
    };
  });
}
