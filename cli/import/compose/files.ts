import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Place, Problem } from "./traced.ts";

const sizeLimit = 16 * 1024 * 1024;

/** The files of a project: each is read once, and named in reports as the operator would name it. */
export class Files {
  readonly problems: Problem[] = [];
  /** Absolute paths of every file that was read, in order. */
  readonly read: string[] = [];
  private readonly texts = new Map<string, string | undefined>();
  private readonly from: string;

  constructor(from: string) {
    this.from = from;
  }

  /** The name of a file in reports: relative to where the command runs, if it lies below. */
  name(file: string): string {
    const relative = path.relative(this.from, file);
    return relative === "" || relative.startsWith("..") ? file : relative;
  }

  /** A file's text; undefined if it can't be read, which is a problem at `asked` unless the file is optional. */
  async text(file: string, asked?: Place, optional = false): Promise<string | undefined> {
    if (!this.texts.has(file)) this.texts.set(file, await this.load(file, asked, optional));
    return this.texts.get(file);
  }

  private async load(file: string, asked: Place | undefined, optional: boolean): Promise<string | undefined> {
    const fail = (reason: string): undefined => {
      const at = asked ?? { file: this.name(file), line: 0 };
      this.problem(at, asked === undefined ? reason : `${this.name(file)} ${reason}`);
      return undefined;
    };
    try {
      const bytes = await readFile(file);
      if (bytes.length > sizeLimit) {
        fail("is larger than 16 MiB");
        return;
      }
      if (bytes.includes(0)) {
        fail("is not text");
        return;
      }
      this.read.push(file);
      return bytes.toString("utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (optional && code === "ENOENT") return undefined;
      fail(code === "ENOENT" ? "does not exist" : `can't be read (${code ?? "unknown error"})`);
      return;
    }
  }

  problem(at: Place, reason: string): void {
    const known = this.problems.some(
      (each) => each.file === at.file && each.line === at.line && each.reason === reason,
    );
    if (!known) this.problems.push({ file: at.file, line: at.line, reason });
  }
}
