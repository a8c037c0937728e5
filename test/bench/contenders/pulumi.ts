import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { toolchainEnv } from "../../../toolchain/env.ts";
import { projectRoot } from "../../../toolchain/paths.ts";
import { runOrFail } from "../../../toolchain/process.ts";
import { versions } from "../../../toolchain/versions.ts";
import type { Command, Contender, Work } from "./contender.ts";

const stack = "bench";

/** This project's own components under `pulumi up`, with the settings that its users get. */
export const pulumi: Contender = {
  name: "pulumi",
  title: `Pulumi ${versions.pulumi}`,
  async prepare({ passwords, service, host, directory }: Work) {
    const env = await settings(directory, host);
    const cwd = path.join(directory, "project");
    await mkdir(cwd);
    const bench = path.join(projectRoot, "test", "bench");
    await copyFile(path.join(bench, "Pulumi.yaml"), path.join(cwd, "Pulumi.yaml"));
    // The engine wants the program below its Pulumi.yaml; node follows the links to the project's own modules.
    await symlink(path.join(bench, "program"), path.join(cwd, "program"));
    await symlink(path.join(projectRoot, "node_modules"), path.join(cwd, "node_modules"));
    await runOrFail("pulumi", ["stack", "init", stack, "--non-interactive"], { cwd, env });
    const config = ["--plaintext", `count=${passwords}`, "--plaintext", `service=${service}`];
    await runOrFail("pulumi", ["config", "set-all", ...config, "--stack", stack], { cwd, env });
    const command = (verb: string): Command => ({
      command: "pulumi",
      args: [verb, "--stack", stack, "--yes", "--skip-preview", "--non-interactive"],
      cwd,
      env,
    });
    return { create: command("up"), noop: command("up"), destroy: command("destroy") };
  },
};

/** The toolchain's settings, with a backend and a passphrase that end with the measurement. */
async function settings(directory: string, host: string): Promise<NodeJS.ProcessEnv> {
  const backend = path.join(directory, "backend");
  const passphrase = path.join(directory, "passphrase");
  await mkdir(backend);
  await writeFile(passphrase, "not a secret: it protects only what this measurement generates", { mode: 0o600 });
  return {
    ...process.env,
    ...toolchainEnv(),
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    DOCKER_HOST: host,
  };
}
