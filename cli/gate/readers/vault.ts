/** What the services of a stack may read of Vault, asked of Vault itself: their roles, and the rules of those roles' policies. */
import { entries } from "../../../components/catalog/grants.ts";
import { vault } from "../../../components/stores/provider/vaultClient.ts";
import { member } from "../../../runtime/vaultHttp.ts";
import { NotReadable } from "../control.ts";
import type { AccessFact } from "../facts.ts";

/** One rule of a policy. */
interface Rule {
  readonly path: string;
  readonly capabilities: readonly string[];
}

const entryNames = new Set<string>(entries.map(({ name }) => name));

/** What a token may do with itself, which says nothing of a secret. */
const ofItself = ["auth/token/renew-self", "auth/token/revoke-self"];

/**
 * What a service's login may do, by its settings; undefined for one that logs in to no Vault.
 *
 * @throws NotReadable when Vault can't be asked, or the role is not there
 */
export async function readAccess(env: Readonly<Record<string, string>>): Promise<AccessFact | undefined> {
  if (env["SECRET_PROVIDER"] !== "vault") return undefined;
  const { VAULT_ADDR: address = "", VAULT_AUTH: auth = "approle", VAULT_ROLE_ID: role = "" } = env;
  const route = `auth/${auth}/role/${role}`;
  const [found, id] = await Promise.all([ask(address, route), ask(address, `${route}/role-id`)]);
  if (member(id, "data", "role_id") !== role) throw new NotReadable(`Vault has no role ${role}: goimg-secrets up`);
  const policies = member(found, "data", "token_policies");
  const names = Array.isArray(policies) ? policies.map(String) : [];
  const texts = await Promise.all(names.map((name) => ask(address, `sys/policies/acl/${name}`)));
  const { rules, rest } = parsePolicy(texts.map(policyIn).join("\n"));
  const [mount = "", ...folder] = (env["VAULT_SECRETS"] ?? "").split("/");
  const prefix = `${mount}/data/${folder.join("/")}/`;
  const own = rules.filter((rule) => isOwn(rule, prefix));
  const others = rules.filter((rule) => !own.includes(rule) && !isOfItself(rule));
  return {
    role,
    entries: own.map(({ path }) => path.slice(prefix.length)).sort(),
    others: [
      ...others.map(({ path, capabilities }) => `${capabilities.join(", ")} ${path}`),
      ...(member(found, "data", "token_no_default_policy") === true ? [] : ["what the default policy allows"]),
      ...(rest === "" ? [] : ["what a rule allows that is not understood here"]),
    ],
  };
}

function policyIn(answer: unknown): string {
  const policy = member(answer, "data", "policy");
  return typeof policy === "string" ? policy : "";
}

/** The rules of a policy, and what of its text is none: a policy can be written in more ways than these. */
export function parsePolicy(text: string): { readonly rules: readonly Rule[]; readonly rest: string } {
  const rule = /path\s+"([^"]*)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g;
  const rules = [...text.matchAll(rule)].map(([, path = "", list = ""]) => ({
    path,
    capabilities: [...list.matchAll(/"([^"]*)"/g)].map(([, capability = ""]) => capability),
  }));
  return {
    rules,
    rest: text
      .replaceAll(rule, "")
      .replaceAll(/^\s*#.*$/gm, "")
      .trim(),
  };
}

const isOwn = ({ path, capabilities }: Rule, prefix: string): boolean =>
  path.startsWith(prefix) && entryNames.has(path.slice(prefix.length)) && capabilities.join() === "read";

const isOfItself = ({ path, capabilities }: Rule): boolean =>
  ofItself.includes(path) && capabilities.join() === "update";

const ask = (address: string, route: string): Promise<unknown> => vault(address, "GET", route).catch(vaultUnreachable);

/** @throws NotReadable with what Vault's client said */
export function vaultUnreachable(error: unknown): never {
  throw new NotReadable(`Vault can't be asked: ${error instanceof Error ? error.message : String(error)}`);
}
