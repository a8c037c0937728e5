import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { repository } from "../project.ts";

/** A stack called `test` whose program is given with each update, on a state that is thrown away. */
export interface InlineStack {
  readonly stack: Stack;
  readonly directory: string;
  /** Settings of commands that work on it. */
  readonly env: Readonly<Record<string, string>>;
  /** All that Pulumi keeps on its disk, history included. */
  stateFiles(): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Makes it, with the project's own provider of stores.
 *
 * @param backend where its state is kept, if not in a folder of its own. Who opens a stack that is there already works on the same
 *   one, as a second operator in a checkout of his own does
 */
export async function openInlineStack(
  env: Readonly<Record<string, string>>,
  plugins: readonly { readonly name: string; readonly path: string }[] = [],
  backend?: string,
): Promise<InlineStack> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-inline-"));
  const own = { name: "goimg-stores", path: path.join(repository, "components/stores/provider") };
  const providers = [own, ...plugins];
  const project = { name: "stores", runtime: "nodejs", plugins: { providers } };
  await writeFile(path.join(directory, "Pulumi.yaml"), JSON.stringify(project));
  await writeFile(path.join(directory, "passphrase"), "of a test", { mode: 0o600 });
  const envVars = {
    ...env,
    PULUMI_BACKEND_URL: backend ?? `file://${directory}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: path.join(directory, "passphrase"),
  };
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: "test", projectName: "stores", program: () => Promise.resolve() },
    { workDir: directory, envVars },
  );
  return {
    stack,
    directory,
    env: { ...envVars, GOIMG_PROJECT: directory, GOIMG_AUDIT: path.join(directory, "audit") },
    async stateFiles() {
      const below = await readdir(path.join(directory, ".pulumi"), { recursive: true, withFileTypes: true });
      const files = below.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
      return (await Promise.all(files.map((file) => readFile(file, "latin1")))).join("\n");
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
