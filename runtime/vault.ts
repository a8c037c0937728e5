/**
 * The provider `vault`: KV v2, where version G of an entry is its generation G. No agent and no sidecar: the service logs in with
 * its own AppRole or JWT, whose policy reads its entries alone, and keeps the token in memory.
 *
 * VAULT_ADDR, VAULT_SECRETS (`<mount>/<folder>`), and to log in either VAULT_ROLE_ID with VAULT_SECRET_ID_FILE, or VAULT_ROLE with
 * VAULT_JWT_FILE; VAULT_AUTH is the auth method's path. VAULT_NAMESPACE where there is one, VAULT_CACERT for a private CA's file.
 * The credential's file has mode 0400 and belongs to the service's user.
 */
import path from "node:path";
import { dockerProvider } from "./docker.ts";
import type { FilePlace, SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";
import { askVault, member, vaultAddress, type VaultAnswer, type VaultPlace } from "./vaultHttp.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Where to log in, and where to read. */
interface Settings {
  readonly place: VaultPlace;
  readonly mount: string;
  readonly folder: string;
  readonly auth: string;
  /** Body of the login but for its credential, the credential's field, and its file. */
  readonly role: Readonly<Record<string, string>>;
  readonly field: "secret_id" | "jwt";
  readonly file: string;
}

/** A token and when it is renewed and over, in milliseconds of the clock. */
interface Token {
  readonly value: string;
  readonly renewable: boolean;
  readonly renewAt: number;
  readonly endsAt: number;
}

/** How often a request is tried, and the first pause between tries, in milliseconds. */
const patience = { tries: 4, pause: 250 } as const;

/** @throws ProviderError `provider-unavailable` listing every setting that is missing or wrong; values are not quoted */
export function vaultProvider(env: Env, now: () => number = Date.now): SecretProvider {
  const session = new Session(settingsOf(env), now);
  return {
    name: "vault",
    allowedInProduction: true,
    read: (_file, place) => session.read(place),
    close: () => session.close(),
  };
}

function settingsOf(env: Env): Settings {
  const problems: string[] = [];
  const setting = (name: string, rule: RegExp, expected: string): string => {
    const value = env[name] ?? "";
    if (!rule.test(value)) problems.push(`${name} must be ${expected}`);
    return value;
  };
  const address = setting("VAULT_ADDR", vaultAddress, "https://HOST:PORT (http only on this machine)");
  const caFile = env["VAULT_CACERT"] === undefined ? undefined : setting("VAULT_CACERT", /^\/./, "an absolute path");
  const [mount = "", ...folder] = setting("VAULT_SECRETS", /^[\w.-]+(\/[\w.-]+)+$/, "MOUNT/FOLDER").split("/");
  const byJwt = env["VAULT_JWT_FILE"] !== undefined;
  const role = byJwt
    ? { role: setting("VAULT_ROLE", /^[\w.-]+$/, "the name of the role") }
    : { role_id: setting("VAULT_ROLE_ID", /^[\w.-]+$/, "the id of the AppRole (or set VAULT_JWT_FILE)") };
  const file = setting(byJwt ? "VAULT_JWT_FILE" : "VAULT_SECRET_ID_FILE", /^\/./, "the absolute path of a 0400 file");
  const auth = env["VAULT_AUTH"] ?? (byJwt ? "jwt" : "approle");
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(auth)) problems.push("VAULT_AUTH must be the path of an auth method");
  if (problems.length > 0)
    throw new ProviderError("provider-unavailable", `vault is not set up: ${problems.join("; ")}`);
  return {
    place: { address, namespace: env["VAULT_NAMESPACE"], caFile },
    mount,
    folder: folder.join("/"),
    auth,
    role,
    field: byJwt ? "jwt" : "secret_id",
    file,
  };
}

/** One service's login. The token is renewed when two thirds of its time are over, and replaced by a new login when it is not. */
class Session {
  readonly #settings: Settings;
  readonly #now: () => number;
  #token: Promise<Token> | undefined;

  constructor(settings: Settings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  async read({ entry, generation }: FilePlace): Promise<Buffer> {
    const { mount, folder } = this.#settings;
    const route = `${mount}/data/${folder}/${entry}?version=${generation}`;
    let answer = await this.#request("GET", route, await this.#current());
    if (answer.status === 403) {
      // Revoked or forgotten by Vault before its time: once more with a new one.
      this.#token = undefined;
      answer = await this.#request("GET", route, await this.#current());
    }
    if (answer.status === 404)
      throw new ProviderError("missing", `is not in Vault as version ${generation}; run pulumi up`);
    if (answer.status === 403)
      throw new ProviderError("unreadable", "may not be read with this login; grant it in the catalog");
    const value = member(answer.json, "data", "data", "value");
    if (typeof value !== "string")
      throw new ProviderError("unreadable", "is in Vault in another form; write it by pulumi up");
    return Buffer.from(value, "utf8");
  }

  /** Gives the token back, so that nothing can be read with it any more. */
  async close(): Promise<void> {
    const token = await this.#token?.catch(() => undefined);
    this.#token = undefined;
    if (token !== undefined) await this.#request("POST", "auth/token/revoke-self", token.value).catch(() => undefined);
  }

  /** One login and one renewal at a time, however many reads wait for it. */
  async #current(): Promise<string> {
    for (;;) {
      const pending = this.#token;
      const held = await pending?.catch(() => undefined);
      // Another read has begun a login, or a renewal, meanwhile: it is waited for.
      if (this.#token !== pending) continue;
      if (held !== undefined && held.renewAt > this.#now()) return held.value;
      this.#token = this.#next(held);
      return (await this.#token).value;
    }
  }

  async #next(held: Token | undefined): Promise<Token> {
    if (held !== undefined && held.renewable && held.endsAt > this.#now()) {
      const renewed = await this.#request("POST", "auth/token/renew-self", held.value, {});
      const token = this.#tokenOf(renewed.json);
      // Close to the longest time that Vault allows a token, a renewal adds nothing.
      if (renewed.status === 200 && token !== undefined && token.renewAt > this.#now() + 1) return token;
    }
    return this.#login();
  }

  async #login(): Promise<Token> {
    const { auth, role, field, file } = this.#settings;
    const credential = await dockerProvider({ directory: path.dirname(file) }).read(path.basename(file), noPlace);
    const body = { ...role, [field]: credential.toString("utf8") };
    const { status, json } = await this.#request("POST", `auth/${auth}/login`, undefined, body);
    const token = this.#tokenOf(json);
    if (status === 200 && token !== undefined) return token;
    throw new ProviderError(
      "unreadable",
      "can't be read: Vault refused the login; see its audit log, and mount a live credential",
    );
  }

  #tokenOf(json: unknown): Token | undefined {
    const value = member(json, "auth", "client_token");
    const seconds = member(json, "auth", "lease_duration");
    if (typeof value !== "string" || typeof seconds !== "number") return undefined;
    const now = this.#now();
    const renewable = member(json, "auth", "renewable") === true;
    return { value, renewable, renewAt: now + (seconds * 2000) / 3, endsAt: now + seconds * 1000 };
  }

  /** Tries again while Vault is away, sealed or busy: a service must survive its restart. */
  async #request(
    method: "GET" | "POST",
    route: string,
    token: string | undefined,
    body?: object,
  ): Promise<VaultAnswer> {
    for (let attempt = 1, pause: number = patience.pause; ; attempt += 1, pause *= 2) {
      const asked = askVault(this.#settings.place, { method, route, token, body });
      const answer = await asked.catch(() => undefined);
      if (answer !== undefined && answer.status < 500 && answer.status !== 429) return answer;
      if (attempt === patience.tries) {
        throw new ProviderError(
          "unreadable",
          "can't be read: Vault does not answer; is it up and unsealed at VAULT_ADDR, and VAULT_CACERT its CA?",
        );
      }
      await new Promise((done) => setTimeout(done, pause));
    }
  }
}

const noPlace: FilePlace = { entry: "", generation: 0 };
