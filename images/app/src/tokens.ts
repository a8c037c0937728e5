/**
 * Access tokens. RS256, signed with the active generation of JWT_KEY under `kid` "g<N>" and verified with any live one,
 * so a rotation (publish, sign, retire) never refuses a token that is still good.
 *
 * For the move from HS256: while JWT_SECRET is granted and live, tokens signed with it are verified too; they are issued
 * only where no JWT_KEY is live. The algorithm picks the set of keys, so a public key is never taken for an HMAC secret.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { errors, exportJWK, jwtVerify, SignJWT, type JSONWebKeySet, type JWTHeaderParameters } from "jose";
import type { Secrets } from "../../../runtime/secrets.ts";
import { liveValues } from "./granted.ts";

const ISSUER = "goimg";

/** `kid` of a generation. */
export const keyId = (generation: number): string => `g${generation}`;

interface SigningKey {
  readonly alg: "RS256" | "HS256";
  readonly kid: string;
  readonly key: KeyObject;
}

export class Tokens {
  readonly #signing: SigningKey;
  readonly #rsa: ReadonlyMap<string, KeyObject>;
  readonly #hmac: ReadonlyMap<string, KeyObject>;
  readonly #seconds: number;

  /** @throws when there is nothing to sign with. */
  constructor(secrets: Secrets, seconds: number) {
    this.#seconds = seconds;
    const rsa = liveValues(secrets, "JWT_PUBLIC_KEY");
    const hmac = liveValues(secrets, "JWT_SECRET");
    this.#rsa = new Map(rsa.map(({ generation, value }) => [keyId(generation), createPublicKey(value)]));
    this.#hmac = new Map(hmac.map(({ generation, value }) => [keyId(generation), createSecretKey(value, "utf8")]));
    const [activeRsa] = rsa;
    const [activeHmac] = hmac;
    if (activeRsa !== undefined) {
      const key = createPrivateKey(secrets.mustGet("JWT_PRIVATE_KEY"));
      this.#signing = { alg: "RS256", kid: keyId(activeRsa.generation), key };
    } else if (activeHmac !== undefined) {
      const key = createSecretKey(activeHmac.value, "utf8");
      this.#signing = { alg: "HS256", kid: keyId(activeHmac.generation), key };
    } else {
      throw new Error("neither JWT_KEY nor JWT_SECRET is live: there is nothing to sign tokens with");
    }
  }

  /** A token for a user. */
  issue(userId: string): Promise<string> {
    const { alg, kid, key } = this.#signing;
    return new SignJWT()
      .setProtectedHeader({ alg, kid, typ: "JWT" })
      .setIssuer(ISSUER)
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(`${this.#seconds} seconds`)
      .sign(key);
  }

  /** The user of a token; null when it is not good, for whatever reason. */
  async verify(token: string): Promise<string | null> {
    for (const hmac of [undefined, ...this.#hmac.values()]) {
      try {
        const { payload } = await jwtVerify(token, (header) => this.#keyFor(header, hmac), {
          issuer: ISSUER,
          algorithms: ["RS256", "HS256"],
        });
        return payload.sub ?? null;
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
      }
    }
    return null;
  }

  /** Public halves of all live keys, the signing one first. */
  async keySet(): Promise<JSONWebKeySet> {
    const keys = [...this.#rsa].map(async ([kid, key]) => ({
      ...(await exportJWK(key)),
      kid,
      alg: "RS256",
      use: "sig",
    }));
    return { keys: await Promise.all(keys) };
  }

  /** RS256 by `kid` alone. HS256 by `kid` where the token has one; tokens of before the migration have none. */
  #keyFor(header: JWTHeaderParameters, hmac: KeyObject | undefined): KeyObject {
    const key =
      header.alg === "RS256"
        ? this.#rsa.get(header.kid ?? "")
        : header.kid === undefined
          ? hmac
          : this.#hmac.get(header.kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}
