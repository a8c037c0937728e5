import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { EntryName } from "../catalog/grants.ts";
import type { ServiceName } from "../catalog/types.ts";
import type { GeneratedEntry } from "../secrets/generations.ts";
import { StoresResource } from "./storesResource.ts";
import type { Consumer, DeliveringStore, Delivery, Login, StoredEntry } from "./store.ts";
import { vaultFolder, vaultRole } from "./vaultPlaces.ts";

/** Which Vault, and who reads from it. */
export interface VaultStoreArgs {
  /** `https://HOST:PORT`; without TLS only on this machine. The operator's token is in VAULT_TOKEN, never in the state. */
  readonly address: string;
  /** Path of a KV v2 engine. @default "secret" */
  readonly mount?: string;
  /** Path of the AppRole auth method. @default "approle" */
  readonly auth?: string;
  readonly consumers: readonly Consumer[];
  /** Number of the secret ids; one more makes new ones, and destroys the old ones once every service has them. @default 1 */
  readonly secretIds?: number;
  /** Certificates of a private CA, in PEM. */
  readonly ca?: string;
  /** Seconds that a token lives unless it is renewed. @default 900 */
  readonly ttl?: number;
  /** Seconds that a token lives at all. @default 86400 */
  readonly maxTtl?: number;
}

/**
 * The values of a stack in Vault's KV v2: generation G of an entry is version G of `<mount>/goimg/<stack>/<ENTRY>`. Each service
 * has a policy that reads its entries and nothing else, and an AppRole to log in with.
 */
export class VaultStore extends pulumi.ComponentResource implements DeliveringStore {
  readonly kind = "vault";
  readonly entries: readonly StoredEntry[];
  readonly logins: ReadonlyMap<ServiceName, Login>;
  readonly delivery: Delivery;

  constructor(
    name: string,
    generated: readonly GeneratedEntry[],
    args: VaultStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("goimg:stores:Vault", name, {}, opts);
    const place = { address: args.address, mount: args.mount ?? "secret", folder: vaultFolder(pulumi.getStack()) };
    const versions = new Map<EntryName, pulumi.Resource>();
    this.entries = inOrder(generated).map(({ secret, entry, generation, value }) => {
      const stored = new StoresResource(
        "goimg-stores:vault:Generation",
        `${entry}-g${generation}`,
        { ...place, entry, generation, value: pulumi.secret(value) },
        // Vault counts versions: an older one is written before a newer one.
        { parent: this, dependsOn: versions.get(entry) ?? [] },
      );
      versions.set(entry, stored);
      return { secret, entry, generation, id: stored.id, name: stored.id };
    });
    this.logins = new Map(args.consumers.map((consumer) => [consumer.name, this.login(consumer, place, args)]));
    const ca = args.ca === undefined ? {} : { ca: { setting: "VAULT_CACERT", pem: args.ca } };
    this.delivery = { kind: "logins", logins: this.logins, ...ca };
    this.registerOutputs({});
  }

  private login(
    { name, secrets }: Consumer,
    { address, mount, folder }: { readonly address: string; readonly mount: string; readonly folder: string },
    { auth = "approle", secretIds = 1, ttl = 900, maxTtl = 86_400 }: VaultStoreArgs,
  ): Login {
    const role = vaultRole(pulumi.getStack(), name);
    const login = new StoresResource(
      "goimg-stores:vault:Login",
      `${name}-login`,
      { address, auth, role, mount, folder, entries: [...secrets], ttl, maxTtl },
      { parent: this },
    );
    const made = new random.RandomPassword(
      `${name}-secret-id-g${secretIds}`,
      { length: 43, special: false },
      { parent: this },
    );
    const registered = new StoresResource(
      "goimg-stores:vault:SecretId",
      `${name}-secret-id-g${secretIds}`,
      { address, auth, role, generation: secretIds, value: pulumi.secret(made.result) },
      { parent: this, dependsOn: login },
    );
    return {
      generation: secretIds,
      // Known once Vault takes it.
      credential: pulumi.secret(pulumi.all([made.result, registered.id]).apply(([value]) => value)),
      credentialSetting: "VAULT_SECRET_ID_FILE",
      env: {
        SECRET_PROVIDER: "vault",
        VAULT_ADDR: address,
        VAULT_AUTH: auth,
        VAULT_ROLE_ID: role,
        VAULT_SECRETS: `${mount}/${folder}`,
      },
    };
  }
}

/** By generation: each waits for the one before. */
function inOrder(generated: readonly GeneratedEntry[]): readonly GeneratedEntry[] {
  return [...generated].sort((a, b) => a.generation - b.generation);
}
