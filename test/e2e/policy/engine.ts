/**
 * Small Pulumi projects of the tests' own, previewed and updated through the real engine with the policy pack. They need
 * no Docker: a preview asks no provider, and what is updated are random values only.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { violationOf, type ReportedViolation } from "../../../policies/report.ts";
import { toolchainEnv } from "../../../toolchain/env.ts";
import { run } from "../../../toolchain/process.ts";

const repository = path.resolve(import.meta.dirname, "../../..");
export const pack = path.join(repository, "policies");

/** What the engine answered. `output` is all that it printed, values of plain properties included. */
export interface Answer {
  readonly exitCode: number;
  readonly output: string;
  readonly violations: readonly ReportedViolation[];
}

/** One project with one stack, on a state of its own. */
export class PolicyProject {
  readonly directory: string;
  readonly stack: string;

  constructor(stack: string, source?: string) {
    this.directory = mkdtempSync(path.join(tmpdir(), "policy-e2e-"));
    this.stack = stack;
    if (source === undefined) {
      writeFileSync(path.join(this.directory, "package.json"), JSON.stringify({ name: "shop", type: "module" }));
      const runtime = { name: "nodejs", options: { typescript: false } };
      writeFileSync(
        path.join(this.directory, "Pulumi.yaml"),
        JSON.stringify({ name: "shop", runtime, main: "index.ts" }),
      );
    } else cpSync(source, this.directory, { recursive: true });
    symlinkSync(path.join(repository, "node_modules"), path.join(this.directory, "node_modules"));
    mkdirSync(path.join(this.directory, ".state"), { mode: 0o700 });
  }

  /** Replaces the program. It may use `docker`, `random`, `tls` and `pulumi`. */
  program(body: string): this {
    const names = ["docker", "random", "tls", "pulumi"];
    const imports = names.map((name) => `import * as ${name} from "@pulumi/${name}";\nvoid ${name};\n`).join("");
    writeFileSync(path.join(this.directory, "index.ts"), imports + body);
    return this;
  }

  /** Edits the program's text. */
  edit(from: string, to: string): this {
    const file = path.join(this.directory, "index.ts");
    const text = readFileSync(file, "utf8");
    if (!text.includes(from)) throw new Error("the program does not have the text to edit");
    writeFileSync(file, text.replace(from, to));
    return this;
  }

  async init(): Promise<this> {
    const { exitCode, stderr } = await this.#pulumi(["stack", "init"]);
    if (exitCode !== 0) throw new Error(`pulumi stack init failed: ${stderr}`);
    return this;
  }

  preview(config?: object): Promise<Answer> {
    return this.#operate(["preview", "--json"], config);
  }

  up(config?: object): Promise<Answer> {
    return this.#operate(["up", "--yes", "--skip-preview", "--json"], config);
  }

  /** The stack's state, as `pulumi stack export` answers it. */
  async export(): Promise<string> {
    return (await this.#pulumi(["stack", "export"])).stdout;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #operate(args: readonly string[], config: object | undefined): Promise<Answer> {
    const file = path.join(this.directory, "policy-config.json");
    if (config !== undefined) writeFileSync(file, JSON.stringify(config));
    const configured = config === undefined ? [] : ["--policy-pack-config", file];
    const { exitCode, stdout, stderr } = await this.#pulumi([...args, "--policy-pack", pack, ...configured]);
    const events = stdout.split("\n").flatMap((line): unknown[] => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });
    const violations = events.flatMap((event) => violationOf(this.stack, event) ?? []);
    return { exitCode, output: stdout + stderr, violations };
  }

  #pulumi(args: readonly string[]) {
    const env = {
      ...process.env,
      ...toolchainEnv(),
      PULUMI_BACKEND_URL: `file://${path.join(this.directory, ".state")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
      PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
      PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
      DOCKER_HOST: `unix://${path.join(this.directory, "no-docker.sock")}`,
    };
    const options = ["--stack", this.stack, "--non-interactive", "--color", "never"];
    return run("pulumi", [...args, ...options], { cwd: this.directory, env });
  }
}
