import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { vault } from "../../../components/stores/provider/vaultClient.ts";
import { askVault } from "../../../runtime/vaultHttp.ts";
import { vaultProgram } from "../../../toolchain/vault.ts";
import { freePort } from "../project.ts";
import { startServer } from "../server.ts";

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
  const env = { VAULT_ADDR: address, VAULT_TOKEN: token, ...(caFile === undefined ? {} : { VAULT_CACERT: caFile }) };
  const server = await startServer({
    name: "Vault",
    command: program,
    args: ["server", ...tls, "-dev-no-store-token", `-dev-listen-address=${listen}`],
    // In the environment: arguments are seen by all.
    env: { ...process.env, VAULT_DEV_ROOT_TOKEN_ID: token, HOME: directory },
    isUp: async () => (await askVault({ address, caFile }, { method: "GET", route: "sys/health" })).status === 200,
  });
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
    logs: async () => server.output() + (await readFile(auditLog, "utf8")),
    async stop() {
      for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
