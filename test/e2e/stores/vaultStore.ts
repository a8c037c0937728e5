import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { member } from "../../../runtime/vaultHttp.ts";
import { VaultStore } from "../../../components/stores/vault.ts";
import { createProvider } from "../../../runtime/provider.ts";
import { maxValueBytes } from "../../../components/stores/provider/kind.ts";
import { keyOf, type StoreUnderTest } from "./storeUnderTest.ts";
import { startVault } from "./vaultServer.ts";

/** Vault's KV v2 on a real server, read by the services' own logins. */
export async function vaultStore(): Promise<StoreUnderTest> {
  const server = await startVault();
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-vault-login-"));
  const logins = new Map<string, { readonly env: Readonly<Record<string, string>>; readonly secretId: string }>();
  const list = async (route: string): Promise<readonly string[]> =>
    (member(await server.ask("LIST", route), "data", "keys") ?? []) as readonly string[];
  return {
    kind: "vault",
    env: server.env,
    grants: true,
    remembersNumbers: true,
    maxBytes: maxValueBytes,
    type: "goimg-stores:vault:Generation",
    make(generated, consumers) {
      const store = new VaultStore("store", generated, { address: server.address, consumers });
      for (const [name, { env, credential }] of store.logins) {
        credential.apply((value) => logins.set(name, { env, secretId: value }));
      }
      return store;
    },
    async stored() {
      const found: string[] = [];
      for (const entry of await list("secret/metadata/goimg/test")) {
        const metadata = await server.ask("GET", `secret/metadata/goimg/test/${entry}`);
        const versions = Object.entries((member(metadata, "data", "versions") ?? {}) as Record<string, unknown>);
        found.push(
          ...versions.filter(([, v]) => member(v, "destroyed") === false).map(([version]) => `${entry}.${version}`),
        );
      }
      return found.sort();
    },
    async seenBy({ name }, wanted) {
      const login = logins.get(name);
      if (login === undefined) return new Map();
      const file = path.join(directory, name);
      await rm(file, { force: true });
      await writeFile(file, login.secretId, { mode: 0o400 });
      const provider = createProvider("vault", { directory: "/", env: { ...login.env, VAULT_SECRET_ID_FILE: file } });
      const found = new Map<string, string>();
      for (const one of wanted) {
        const value = await provider.read(one.entry, one).catch(() => undefined);
        if (value !== undefined) found.set(keyOf(one), createHash("sha256").update(value).digest("hex"));
      }
      await provider.close?.();
      return found;
    },
    async traces() {
      const entries = await list("secret/metadata/goimg/test");
      const metadata = entries.map((entry) => server.ask("GET", `secret/metadata/goimg/test/${entry}`));
      return JSON.stringify(await Promise.all(metadata)) + (await server.logs());
    },
    async close() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
