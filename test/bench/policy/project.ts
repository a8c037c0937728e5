import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { previewOnly, workspaceFor } from "../../../policies/check/workspace.ts";
import { toolchainEnv } from "../../../toolchain/env.ts";
import { runOrFail } from "../../../toolchain/process.ts";

/** What is previewed: this project's dev stack, or a program of so many resources. */
export type Subject =
  { readonly kind: "dev"; readonly root: string } | { readonly kind: "generated"; readonly size: number };

/** A project on an empty state of its own. `preview` answers seconds. */
export interface PreviewTimer {
  readonly preview: (withPack: boolean) => Promise<number>;
  readonly remove: () => void;
}

const repository = path.resolve(import.meta.dirname, "../../..");

/** Makes the project and its stack. */
export async function policyProject(subject: Subject): Promise<PreviewTimer> {
  const { directory, env, remove } =
    subject.kind === "dev" ? workspaceFor(subject.root, "dev") : generated(subject.size);
  const settings = { ...process.env, ...toolchainEnv(), PULUMI_CONFIG_PASSPHRASE_FILE: undefined, ...env };
  const pulumi = (args: readonly string[]) =>
    runOrFail("pulumi", [...args, "--stack", "dev", "--non-interactive"], { cwd: directory, env: settings });
  await pulumi(["stack", "init"]);
  return {
    remove,
    preview: async (withPack) => {
      const started = performance.now();
      await pulumi(["preview", ...(withPack ? ["--policy-pack", path.join(repository, "policies")] : [])]);
      return (performance.now() - started) / 1000;
    },
  };
}

/** Half of the resources are passwords, half are their store entries. */
function generated(size: number) {
  const directory = mkdtempSync(path.join(tmpdir(), "policy-bench-"));
  symlinkSync(path.join(repository, "node_modules"), path.join(directory, "node_modules"));
  mkdirSync(path.join(directory, ".state"), { mode: 0o700 });
  const runtime = { name: "nodejs", options: { typescript: false } };
  writeFileSync(path.join(directory, "Pulumi.yaml"), JSON.stringify({ name: "bench", runtime, main: "index.ts" }));
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ name: "bench", type: "module" }));
  writeFileSync(
    path.join(directory, "index.ts"),
    `import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";
for (let index = 0; index < ${size / 2}; index += 1) {
  const { result } = new random.RandomPassword(\`ENTRY_\${index}-g1\`, { length: 43, special: false });
  new docker.Secret(\`ENTRY_\${index}-g1\`, { data: result.apply((value) => Buffer.from(value).toString("base64")) });
}
`,
  );
  return {
    directory,
    env: {
      ...previewOnly,
      PULUMI_BACKEND_URL: `file://${path.join(directory, ".state")}`,
      PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("base64url"),
      DOCKER_HOST: `unix://${path.join(directory, "no-docker.sock")}`,
    },
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
