/**
 * A project directory of the tests' own: the repository's program on a state, passphrase and config that are thrown away, so
 * that neither the repository's files nor the user's stacks are ever touched.
 */
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type Docker from "dockerode";
import { parse, stringify } from "yaml";
import { programParts } from "../../cli/environment.ts";
import { pulumi, type PulumiResult } from "../../cli/pulumi.ts";
import { recover } from "../../cli/recover.ts";
import { dockerAt } from "../../cli/recovery/objects.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { runOrFail } from "../../toolchain/process.ts";

/** The repository's root. */
export const repository = path.resolve(import.meta.dirname, "../..");

/** What another process needs to open the same project: plain data. */
export interface ProjectPlace {
  readonly directory: string;
  readonly stack: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What a project may differ in. */
export interface ProjectOptions {
  readonly stack: string;
  /** Plain stack config beside `environment` and `port`, by key without the project's name. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where Pulumi's state is kept. @default a folder of the project's directory */
  readonly state?: string;
  /** Folder that has the program's parts. @default the repository */
  readonly source?: string;
}

/** One stack on the test engine, and the means to work with it. */
export class Project {
  readonly place: ProjectPlace;
  readonly docker: Docker;
  readonly url: string;

  constructor(place: ProjectPlace) {
    this.place = place;
    this.docker = dockerAt(place.env["DOCKER_HOST"] ?? "");
    this.url = `http://127.0.0.1:${place.port}`;
  }

  get stack(): string {
    return this.place.stack;
  }

  /** The stack's config file. */
  get configFile(): string {
    return path.join(this.place.directory, `Pulumi.${this.stack}.yaml`);
  }

  /** Folder of Pulumi's state. */
  get state(): string {
    return (this.place.env["PULUMI_BACKEND_URL"] ?? "").slice("file://".length);
  }

  /** Runs pulumi on the stack. */
  pulumi(...args: readonly string[]): Promise<PulumiResult> {
    return this.pulumiWith({}, ...args);
  }

  /** As {@link pulumi}, with other settings of the environment. */
  pulumiWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<PulumiResult> {
    const options = { cwd: this.place.directory, env: { ...this.place.env, ...env }, output: "capture" } as const;
    return pulumi([...args, "--stack", this.stack], options);
  }

  /** What `goimg-secrets up` does on this stack: mend what is left behind, then update. Answers what was mended. */
  async up(...args: readonly string[]): Promise<PulumiResult & { readonly mended: readonly string[] }> {
    const mended = await this.recover();
    const result = await this.pulumi("up", "--yes", "--skip-preview", ...args);
    return { ...result, mended };
  }

  /** Mends what an update that died has left behind. Answers what was reported. */
  async recover(settings: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    const mended: string[] = [];
    const { directory } = this.place;
    const env = { ...this.place.env, ...settings };
    await recover({ stack: this.stack, env, cwd: directory, report: (line) => void mended.push(line) });
    return mended;
  }

  /** Changes plain values of the stack's config file; undefined removes one. */
  async configure(values: Readonly<Record<string, unknown>>): Promise<void> {
    const document = parse(await readFile(this.configFile, "utf8")) as { config: Record<string, unknown> };
    for (const [key, value] of Object.entries(values)) document.config[`goimg-secrets:${key}`] = value;
    await writeFile(this.configFile, stringify(document, { keepUndefined: false }));
  }

  /** Sets a value that a third party issued, as encrypted config. It goes through standard input, as an argument is seen by all. */
  async supply(entry: string, value: string, generation = 1): Promise<void> {
    const { env, directory } = this.place;
    const args = ["config", "set", "--secret", "--path", `external.${entry}["${generation}"]`, "--stack", this.stack];
    await runOrFail("pulumi", args, { cwd: directory, env: { ...process.env, ...env }, input: value });
  }

  /** What `goimg-secrets down` does on this stack: mend what is left behind, then destroy. */
  async destroy(): Promise<PulumiResult> {
    await this.recover();
    return this.pulumi("destroy", "--yes", "--skip-preview");
  }

  /** Destroys the stack and removes the project's directory. */
  async remove(): Promise<PulumiResult> {
    const result = await this.destroy();
    if (result.exitCode === 0) await rm(this.place.directory, { recursive: true, force: true });
    return result;
  }
}

/** Makes the project's directory and an empty stack in it. */
export async function createProject({
  stack,
  config = {},
  state,
  source = repository,
}: ProjectOptions): Promise<Project> {
  const dockerHost = process.env["DOCKER_HOST"];
  if (dockerHost === undefined) throw new Error("there is no test engine: run the tests with node test/run.ts e2e");
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-e2e-"));
  await Promise.all(programParts.map((name) => symlink(path.join(source, name), path.join(directory, name))));
  await copyFile(path.join(repository, "Pulumi.yaml"), path.join(directory, "Pulumi.yaml"));
  const passphrase = path.join(directory, "passphrase");
  await writeFile(passphrase, randomBytes(32).toString("base64url"), { mode: 0o600 });
  const backend = state ?? path.join(directory, "state");
  await mkdir(backend, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const env = {
    ...toolchainEnv(),
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    DOCKER_HOST: dockerHost,
  };
  const project = new Project({ directory, stack, port, env });
  const { exitCode, stderr } = await project.pulumi("stack", "init");
  if (exitCode !== 0) throw new Error(`pulumi stack init failed: ${stderr}`);
  await addConfig(project, { environment: "dev", port: String(port), ...config });
  return project;
}

/** `stack init` wrote the file, with the salt of the passphrase. */
async function addConfig(project: Project, values: Readonly<Record<string, unknown>>): Promise<void> {
  const document = parse(await readFile(project.configFile, "utf8")) as Record<string, unknown>;
  const declared = parse(await readFile(path.join(repository, "Pulumi.dev.yaml"), "utf8")) as { config?: object };
  const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`goimg-secrets:${key}`, value]));
  await writeFile(project.configFile, stringify({ ...document, config: { ...declared.config, ...config } }));
}

/** A port that nobody listens on, on the loopback: the test engine's where a test is in its network. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
