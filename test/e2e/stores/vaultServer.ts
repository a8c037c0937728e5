import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { vault } from "../../../components/stores/provider/vaultClient.ts";
import { askVault } from "../../../runtime/vaultHttp.ts";
import { vaultProgram } from "../../../toolchain/vault.ts";
import { freePort } from "../project.ts";
import { eventually } from "../swarm.ts";

/** A real Vault server, in memory, unsealed, with an audit log and AppRole switched on. */
export interface VaultServer {
  readonly address: string;
  /** The operator's settings: address, token, and the file of its own CA where it has one. */
  readonly env: Readonly<Record<string, string>>;
  /** File of its CA; undefined for a server without TLS. */
  readonly caFile: string | undefined;
  /** A request as the operator. */
  ask(method: string, route: string, body?: object): Promise<unknown>;
  /** Everything that it wrote: output and audit log. */
  logs(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts it: Vault's own dev server, as in docs/stores.md.
 *
 * @param host address of this machine; other than the loopback, it serves TLS with a CA of its own
 */
export async function startVault(host = "127.0.0.1"): Promise<VaultServer> {
  const program = await vaultProgram();
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-vault-"));
  const isLocal = host === "127.0.0.1";
  const listen = `${host}:${await freePort()}`;
  const address = `${isLocal ? "http" : "https"}://${listen}`;
  const caFile = isLocal ? undefined : path.join(directory, "vault-ca.pem");
  const token = randomBytes(24).toString("base64url");
  const tls = isLocal ? ["-dev"] : ["-dev-tls", `-dev-tls-cert-dir=${directory}`, `-dev-tls-san=${host}`];
  const child = spawn(program, ["server", ...tls, "-dev-no-store-token", `-dev-listen-address=${listen}`], {
    // In the environment: arguments are seen by all.
    env: { ...process.env, VAULT_DEV_ROOT_TOKEN_ID: token, HOME: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const env = { VAULT_ADDR: address, VAULT_TOKEN: token, ...(caFile === undefined ? {} : { VAULT_CACERT: caFile }) };
  const isUp = await eventually(
    () =>
      askVault({ address, caFile }, { method: "GET", route: "sys/health" }).then(
        ({ status }) => status === 200,
        () => false,
      ),
    (up) => up || child.exitCode !== null,
  );
  if (!isUp) throw new Error(`Vault did not start:\n${output}`);
  const auditLog = path.join(directory, "audit.log");
  const ask = async (method: string, route: string, body?: object): Promise<unknown> => {
    Object.assign(process.env, env);
    return vault(address, method, route, body);
  };
  await ask("POST", "sys/audit/file", { type: "file", options: { file_path: auditLog } });
  await ask("POST", "sys/auth/approle", { type: "approle" });
  return {
    address,
    env,
    caFile,
    ask,
    // It prints its unseal key and root token when it starts: the dev server's own way.
    logs: async () => output + (await readFile(auditLog, "utf8")),
    async stop() {
      for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
      child.kill("SIGTERM");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
