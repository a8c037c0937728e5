import { member, vaultAddress } from "../../../runtime/vaultHttp.ts";
import { entryRule, pathRule, text, type Inputs, type Kind, type Problems } from "./kind.ts";
import { vault } from "./vaultClient.ts";

interface VaultLogin {
  readonly address: string;
  /** Path of the AppRole auth method. */
  readonly auth: string;
  /** Name of the policy and of the role, and the role's id: plain, as it is worth nothing without a secret id. */
  readonly role: string;
  /** A KV v2 engine, and the stack's folder in it. */
  readonly mount: string;
  readonly folder: string;
  /** Entries in it that the consumer may read, exactly. */
  readonly entries: readonly string[];
  /** Seconds that a token lives unless it is renewed, and that it lives at all. */
  readonly ttl: number;
  readonly maxTtl: number;
}

/** One consumer's way into Vault: a policy that reads exactly its entries, and an AppRole with that policy alone. */
export const vaultLogin: Kind<VaultLogin> = {
  replacing: ["address", "auth", "role"],
  parse: (inputs, problems) => ({
    address: text(inputs, "address", problems, vaultAddress, "an address: https://HOST:PORT"),
    auth: text(inputs, "auth", problems, pathRule, "the path of the AppRole auth method"),
    role: text(inputs, "role", problems, roleRule, "a role's name: a-z, 0-9, -"),
    mount: text(inputs, "mount", problems, pathRule, "the path of a KV v2 engine"),
    folder: text(inputs, "folder", problems, pathRule, "a path"),
    entries: entriesOf(inputs, problems),
    ttl: secondsOf(inputs, "ttl", problems),
    maxTtl: secondsOf(inputs, "maxTtl", problems),
  }),
  id: ({ auth, role }) => `${auth}/${role}`,
  create: write,
  update: write,
  async exists(login) {
    const { address, auth, role } = login;
    const [policy, found] = await Promise.all([
      vault(address, "GET", `sys/policies/acl/${role}`),
      vault(address, "GET", `auth/${auth}/role/${role}/role-id`),
    ]);
    return member(policy, "data", "policy") === rules(login) && member(found, "data", "role_id") === role;
  },
  async delete({ address, auth, role }) {
    await vault(address, "DELETE", `auth/${auth}/role/${role}`);
    await vault(address, "DELETE", `sys/policies/acl/${role}`);
  },
};

/** Name of a role. */
export const roleRule = /^[a-z0-9][a-z0-9-]{0,127}$/;

/** The policy before the role that refers to it. Each of these requests may be made again. */
async function write(login: VaultLogin): Promise<void> {
  const { address, auth, role, ttl, maxTtl } = login;
  await vault(address, "PUT", `sys/policies/acl/${role}`, { policy: rules(login) });
  await vault(address, "POST", `auth/${auth}/role/${role}`, {
    token_policies: [role],
    token_no_default_policy: true,
    token_ttl: ttl,
    token_max_ttl: maxTtl,
    bind_secret_id: true,
  });
  await vault(address, "POST", `auth/${auth}/role/${role}/role-id`, { role_id: role });
}

/** No wildcard, no listing. A token may renew and revoke itself, which the default policy would allow among much else. */
function rules({ mount, folder, entries }: VaultLogin): string {
  const rule = (path: string, capability: string): string => `path "${path}" { capabilities = ["${capability}"] }`;
  return [
    ...[...entries].sort().map((entry) => rule(`${mount}/data/${folder}/${entry}`, "read")),
    rule("auth/token/renew-self", "update"),
    rule("auth/token/revoke-self", "update"),
  ].join("\n");
}

function entriesOf(inputs: Inputs, problems: Problems): readonly string[] {
  const entries: unknown = inputs["entries"];
  const isEntry = (entry: unknown): entry is string => typeof entry === "string" && entryRule.test(entry);
  if (Array.isArray(entries) && entries.every(isEntry)) return entries;
  problems.set("entries", "must be a list of entries' names");
  return [];
}

function secondsOf(inputs: Inputs, property: string, problems: Problems): number {
  const value = inputs[property];
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 2_764_800) return value;
  problems.set(property, "must be whole seconds, from 1 to 2764800 (32 days)");
  return 0;
}
