/** From a passphrase to a cloud's key service, as docs/backup.md says: AWS KMS, which moto stands in for. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { RandomPassword } from "@pulumi/random";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pulumi, type PulumiResult } from "../../cli/pulumi.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { repository } from "./project.ts";
import { keptTexts, keysOf, opened } from "./sealed.ts";
import { openInlineStack, type InlineStack } from "./stores/inlineStack.ts";
import { startMoto, type MotoServer } from "./stores/motoServer.ts";

const run = promisify(execFile);
const passphrase = "of a test";

describe("a change to a key service", () => {
  let moto: MotoServer;
  let kms: KMSClient;
  let key: string;
  let inline: InlineStack;
  let env: Record<string, string>;

  const update = async (): Promise<unknown> => (await inline.stack.up()).summary.resourceChanges;
  const command = (...args: readonly string[]): Promise<PulumiResult> =>
    pulumi([...args, "--stack", "test"], { cwd: inline.directory, env, output: "capture" });
  const held = async (): Promise<readonly string[]> => {
    const found = await keptTexts(inline.directory);
    return opened(await keysOf(passphrase, found), found);
  };

  beforeAll(async () => {
    moto = await startMoto();
    kms = new KMSClient({ endpoint: moto.env["AWS_ENDPOINT_URL"] ?? "", region: moto.env["AWS_REGION"] ?? "" });
    key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? "";
    inline = await openInlineStack({ ...toolchainEnv(), ...moto.env });
    env = { ...inline.env };
    inline.stack.workspace.program = (): Promise<void> => {
      for (const name of ["first", "second"]) new RandomPassword(name, { length: 32 });
      return Promise.resolve();
    };
    await inline.stack.setConfig("stores:key", { value: "a third party's", secret: true });
    await inline.stack.up();
    await inline.stack.up();
  });
  afterAll(async () => {
    await inline.remove();
    kms.destroy();
    await moto.stop();
  });

  it("seals state and config with it, and leaves the history to the old passphrase", async () => {
    const url = `awskms://${key}?region=${moto.env["AWS_REGION"] ?? ""}`;
    const { exitCode, stderr } = await command("stack", "change-secrets-provider", url);
    expect(exitCode, stderr).toBe(0);
    expect((await held()).length).toBeGreaterThan(0);
    expect(await update()).toEqual({ same: 3 });
    expect(await inline.stack.getConfig("stores:key")).toEqual({ value: "a third party's", secret: true });
  });

  it("is finished by passphrase change: the old one opens nothing any more", async () => {
    const main = path.join(repository, "cli/main.ts");
    await run(process.execPath, [main, "passphrase", "change", "--stack", "test"], { env: { ...process.env, ...env } });
    expect(await held()).toEqual([]);
    expect(await update()).toEqual({ same: 3 });
  });

  it("needs no passphrase then, and the key each time", async () => {
    delete env["PULUMI_CONFIG_PASSPHRASE_FILE"];
    const exported = await command("stack", "export", "--show-secrets");
    expect(exported.exitCode, exported.stderr).toBe(0);
    expect(exported.stdout.match(/"plaintext"/g)?.length).toBeGreaterThan(1);
    await moto.stop();
    expect((await command("stack", "export", "--show-secrets")).exitCode).not.toBe(0);
  });
});
