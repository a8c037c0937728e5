import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensureEngine, insideEngine, stopEngine, type Engine } from "../../toolchain/engine.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { buildImages } from "../../toolchain/images.ts";
import { projectRoot } from "../../toolchain/paths.ts";
import { run } from "../../toolchain/process.ts";
import type { Report } from "../../toolchain/progress.ts";
import { environmentOf, programParts } from "../environment.ts";
import { OperatorError } from "../error.ts";
import { needsPlace, placeOf } from "../place.ts";
import { pulumi, pulumiOrFail } from "../pulumi.ts";
import { recover } from "../recover.ts";
import { dockerAt } from "../recovery/objects.ts";
import { readDeclared } from "../rotation/declared.ts";
import { planRestore, type RestoreTarget } from "./plan.ts";
import { openBackup, restore } from "./restore.ts";

/** One step of a drill, and how it went. */
export interface DrillStep {
  readonly step: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly why?: string;
}

/** A drill's verdict. */
export interface DrillResult {
  readonly restores: boolean;
  readonly made: string | undefined;
  readonly steps: readonly DrillStep[];
  readonly seconds: number;
}

/**
 * Restores a backup onto an engine that never saw the stack, brings the services up, logs in everywhere, and goes on with what
 * was half done. What it makes is gone afterwards, whatever the verdict. It needs nothing of the stack but the backup.
 */
export async function drill(address: string, identityFile: string, report: Report): Promise<DrillResult> {
  const started = performance.now();
  const steps: DrillStep[] = [];
  const attempt = new Drill(steps, report);
  const made = await attempt.run(address, identityFile);
  return {
    restores: steps.every(({ ok }) => ok),
    made,
    steps,
    seconds: seconds(started),
  };
}

class Drill {
  private readonly steps: DrillStep[];
  private readonly report: Report;

  constructor(steps: DrillStep[], report: Report) {
    this.steps = steps;
    this.report = report;
  }

  async run(address: string, identityFile: string): Promise<string | undefined> {
    const opened = await this.step("the backup opens and is whole", () => openBackup(address, identityFile));
    if (opened === undefined) return undefined;
    const backup = opened.value;
    // In memory where there is such a folder: the passphrase is in the clear in it, as on any machine that runs the stack.
    const shared = "/dev/shm";
    const directory = await mkdtemp(path.join(existsSync(shared) ? shared : tmpdir(), "goimg-drill-"));
    try {
      const running = await this.step("an empty engine runs", () => this.engine());
      if (running === undefined) return backup.header.made;
      const engine = running.value;
      const target = await makeProject(directory, engine);
      const restored = await this.step("state and config are restored", async () => {
        const { refusals } = await planRestore(backup, target, false);
        if (refusals.length > 0) throw new OperatorError(refusals.join("; "));
        await restore(backup, target);
        const { stack } = backup.header;
        const config = path.join(target.cwd, `Pulumi.${stack}.yaml`);
        needsPlace("drill", { stack, place: placeOf(environmentOf(config, stack)) });
      });
      if (restored !== undefined) await this.use(backup.header.stack, target, engine);
    } finally {
      await this.step("the engine is gone again", () => stopEngine("drill", this.report));
      await rm(directory, { recursive: true, force: true });
    }
    return backup.header.made;
  }

  private async use(stack: string, target: RestoreTarget, engine: Engine): Promise<void> {
    const up = await this.step("every service is healthy", () => bringUp(stack, target, this.report));
    if (up === undefined) return;
    const login = (): Promise<void> => probe(stack, target, engine);
    if ((await this.step("every login works", login)) === undefined) return;
    const config = path.join(target.cwd, `Pulumi.${stack}.yaml`);
    const halfDone = Object.entries(await readDeclared(config))
      .filter(([, { live }]) => live.length > 1)
      .map(([name]) => name);
    if (halfDone.length === 0) return;
    const gone = await this.step(`the rotation of ${halfDone.join(", ")} goes on`, () => goOn(stack, halfDone, target));
    if (gone !== undefined) await this.step("every login works after it", login);
  }

  private async engine(): Promise<Engine> {
    const engine = await ensureEngine({ name: "drill", report: this.report });
    await buildImages(engine, this.report);
    const docker = dockerAt(engine.host);
    const found = [
      ...(await docker.listServices()),
      ...(await docker.listSecrets()),
      ...(await docker.listVolumes()).Volumes,
    ];
    if (found.length > 0)
      throw new OperatorError("the drill's engine is not empty: stop it with node toolchain/main.ts engine stop drill");
    return engine;
  }

  /** Runs a step and notes how it went; undefined if it failed. */
  private async step<T>(name: string, action: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    const started = performance.now();
    try {
      const value = await action();
      this.steps.push({ step: name, ok: true, seconds: seconds(started) });
      return { value };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.steps.push({ step: name, ok: false, seconds: seconds(started), why });
      return undefined;
    }
  }
}

/** A project, a state and a passphrase of the drill's own. */
async function makeProject(directory: string, engine: Engine): Promise<RestoreTarget> {
  const cwd = path.join(directory, "project");
  const state = path.join(directory, "state");
  await mkdir(cwd);
  await mkdir(state, { mode: 0o700 });
  await Promise.all(programParts.map((name) => symlink(path.join(projectRoot, name), path.join(cwd, name))));
  await copyFile(path.join(projectRoot, "Pulumi.yaml"), path.join(cwd, "Pulumi.yaml"));
  const passphraseFile = path.join(directory, "passphrase");
  return {
    cwd,
    passphraseFile,
    auditFile: path.join(directory, "audit", "drill.jsonl"),
    env: {
      ...toolchainEnv(),
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
      DOCKER_HOST: engine.host,
    },
  };
}

async function bringUp(stack: string, { cwd, env }: RestoreTarget, report: Report): Promise<void> {
  await recover({
    stack,
    env,
    cwd,
    report,
  });
  const { exitCode, stdout, stderr } = await pulumi(["up", "--stack", stack, "--yes", "--skip-preview"], {
    cwd,
    env,
    output: "capture",
  });
  if (exitCode !== 0) throw new OperatorError(`the services did not come up: ${lastLines(stderr.trim() || stdout)}`);
}

/** Uses the stack from inside its engine's network. */
async function probe(stack: string, { cwd, env }: RestoreTarget, engine: Engine): Promise<void> {
  const options = { cwd, env, output: "capture" } as const;
  const url = (await pulumiOrFail(["stack", "output", "url", "--stack", stack], options)).stdout.trim();
  const script = path.join(import.meta.dirname, "probe.ts");
  const [command, ...args] = [...insideEngine(engine), process.execPath, script, url] as const;
  const { exitCode, stderr } = await run(command, args);
  if (exitCode !== 0) throw new OperatorError(lastLines(stderr));
}

/** The command that the operator would give; nobody uses the old generations, so that there is nothing to wait for. */
async function goOn(stack: string, secrets: readonly string[], { cwd, env, auditFile }: RestoreTarget): Promise<void> {
  const now = [
    "--grace",
    "0s",
    "--jwks-cache",
    "0s",
    "--token-lifetime",
    "0s",
    "--reason",
    `restore drill ${randomUUID()}`,
  ];
  const script = path.join(projectRoot, "cli", "main.ts");
  const { exitCode, stdout, stderr } = await run(
    process.execPath,
    [script, "rotate", ...secrets, "--stack", stack, ...now],
    {
      cwd,
      env: { ...process.env, ...env, GOIMG_PROJECT: cwd, GOIMG_AUDIT: path.dirname(auditFile) },
    },
  );
  if (exitCode !== 0) throw new OperatorError(lastLines(stderr.trim() || stdout));
  const declared = Object.entries(await readDeclared(path.join(cwd, `Pulumi.${stack}.yaml`)));
  const left = declared.filter(([name, { live }]) => secrets.includes(name) && live.length > 1).map(([name]) => name);
  if (left.length > 0) throw new OperatorError(`${left.join(", ")} still has two generations:\n${lastLines(stdout)}`);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-10).join("\n");
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}
