/** What this machine keeps of the stack: modes of its files, what is encrypted, and what other stacks it has. */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type Docker from "dockerode";
import * as z from "zod";
import { checkState } from "../../../policies/state/check.ts";
import { deploymentOf } from "../../../policies/state/generations.ts";
import { textAt } from "../../../policies/model/properties.ts";
import type { Read } from "../../leaks/docker.ts";
import { pulumiOrFail } from "../../pulumi.ts";
import type { StackContext } from "../../stack.ts";
import { NotReadable } from "../control.ts";
import type { FactValues, HostFileFact } from "../facts.ts";
import { reads } from "./files.ts";
import { StackValues } from "./values.ts";

/** The folder of a `file://` backend; undefined for any other. */
function backendOf({ env }: StackContext): string | undefined {
  const url = env["PULUMI_BACKEND_URL"] ?? process.env["PULUMI_BACKEND_URL"];
  return url?.startsWith("file://") === true ? url.slice("file://".length).replace(/\?.*$/, "") : undefined;
}

/** Modes of what only the operator may read. */
export async function readHost(context: StackContext): Promise<readonly HostFileFact[]> {
  const backend = backendOf(context);
  const passphrase = context.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  const paths = [backend, passphrase, path.dirname(context.auditFile), context.auditFile];
  const found = await Promise.all(
    paths
      .filter((file) => file !== undefined)
      .map(async (file) => ({ file, info: await stat(file).catch(() => undefined) })),
  );
  return found.flatMap(({ file, info }) =>
    info === undefined ? [] : [{ path: file, directory: info.isDirectory(), mode: info.mode & 0o7777 }],
  );
}

/** What is encrypted where it is kept. */
export async function readRest(
  context: StackContext,
  docker: Docker,
  values: StackValues,
): Promise<FactValues["rest"]> {
  const { stack, cwd, env } = context;
  const exported = await pulumiOrFail(["stack", "export", "--stack", stack], { cwd, env, output: "capture" });
  const state: unknown = JSON.parse(exported.stdout);
  const networks = await docker.listNetworks({ filters: { label: [`goimg.stack=${stack}`] } });
  const encrypted = (options: Record<string, string> | null | undefined): boolean =>
    Object.hasOwn(options ?? {}, "encrypted");
  const info = z
    .object({
      DockerRootDir: z.string(),
      Swarm: z.looseObject({
        Cluster: z
          .looseObject({ Spec: z.looseObject({ EncryptionConfig: z.object({ AutoLockManagers: z.boolean() }) }) })
          .optional(),
      }),
    })
    .parse(await docker.info());
  const folders = [backendOf(context), path.join(info.DockerRootDir, "swarm")].filter((folder) => folder !== undefined);
  return {
    stateProvider: textAt(deploymentOf(state), "secrets_providers", "type") ?? "none",
    stateProblems: checkState(state).map(({ message, urn }) => (urn === "" ? message : `${urn}: ${message}`)),
    search: await values.search(kept(context, folders)),
    plainNetworks: networks
      .filter(({ Driver, Options }) => Driver === "overlay" && !encrypted(Options))
      .map(({ Name }) => Name),
    encryptedNetworks: networks.filter(({ Options }) => encrypted(Options)).map(({ Name }) => Name),
    autolock: info.Swarm.Cluster?.Spec.EncryptionConfig.AutoLockManagers === true,
  };
}

async function* kept({ configFile }: StackContext, folders: readonly string[]): AsyncGenerator<Read> {
  yield* reads([configFile]);
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    yield* reads(entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)));
  }
}

const stacksSchema = z.array(z.object({ name: z.string() }));

/** Other stacks of the same backend and folder. */
export async function readStacks(context: StackContext, values: StackValues): Promise<FactValues["stacks"]> {
  const { cwd, env, stack, configFile } = context;
  const listed = await pulumiOrFail(["stack", "ls", "--json"], { cwd, env, output: "capture" });
  const names = stacksSchema.parse(JSON.parse(listed.stdout)).map(({ name }) => name.split("/").at(-1) ?? name);
  const others: { readonly stack: string; readonly shared: readonly string[] }[] = [];
  for (const name of names.filter((other) => other !== stack)) {
    const theirs = await StackValues.read({ ...context, stack: name }).catch((error: unknown) => {
      // A stack that holds nothing shares nothing; one that can't be read might.
      if (error instanceof NotReadable && error.message.includes("holds no secret")) return undefined;
      throw error;
    });
    others.push({ stack: name, shared: theirs === undefined ? [] : values.sharedWith(theirs) });
  }
  const salt = await saltOf(configFile);
  const files = (await readdir(cwd)).filter((name) => /^Pulumi\..+\.ya?ml$/.test(name));
  const sameSalt: string[] = [];
  for (const name of files.filter((file) => path.join(cwd, file) !== configFile)) {
    const other = await saltOf(path.join(cwd, name));
    if (salt !== undefined && other === salt) sameSalt.push(name);
  }
  return { others, sameSalt };
}

async function saltOf(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /^encryptionsalt: *(\S+)/m.exec(text)?.[1];
}
