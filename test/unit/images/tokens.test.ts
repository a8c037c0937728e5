import { createPrivateKey, createPublicKey, createSecretKey, randomBytes } from "node:crypto";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { Tokens } from "../../../images/app/src/tokens.ts";
import type { Secrets } from "../../../runtime/secrets.ts";
import { keyPair, secretsOf } from "./secrets.ts";

const pairs = { 1: keyPair(), 2: keyPair(), 3: keyPair() };
const legacy = { 1: randomBytes(32).toString("hex"), 2: randomBytes(32).toString("hex") };
type Generation = keyof typeof pairs;

/** Holds key pairs of `live` with one active, and legacy secrets. */
function holding(
  live: readonly Generation[],
  active: Generation | null,
  hmac: readonly (keyof typeof legacy)[] = [],
): Secrets {
  const of = (half: "privatePem" | "publicPem"): Record<number, string> =>
    Object.fromEntries(live.map((g) => [g, pairs[g][half]]));
  return secretsOf({
    JWT_KEY: { active, entries: { JWT_PRIVATE_KEY: of("privatePem"), JWT_PUBLIC_KEY: of("publicPem") } },
    JWT_SECRET: {
      active: hmac[0] ?? null,
      entries: { JWT_SECRET: Object.fromEntries(hmac.map((g) => [g, legacy[g]])) },
    },
  });
}

const tokens = (...args: Parameters<typeof holding>): Tokens => new Tokens(holding(...args), 900);

describe("a rotation of the signing key", () => {
  it("signs with the active generation and says so in kid", async () => {
    const header = decodeProtectedHeader(await tokens([1, 2], 2).issue("user"));
    expect(header).toEqual({ alg: "RS256", kid: "g2", typ: "JWT" });
  });

  it("verifies tokens of every live generation, on tasks of before and after the promotion", async () => {
    const before = tokens([1, 2], 1);
    const after = tokens([1, 2], 2);
    expect(await after.verify(await before.issue("user"))).toBe("user");
    expect(await before.verify(await after.issue("user"))).toBe("user");
  });

  it("refuses tokens of a retired generation", async () => {
    expect(await tokens([2], 2).verify(await tokens([1], 1).issue("user"))).toBeNull();
  });

  it("does not try other keys than the one that kid names", async () => {
    const token = await new SignJWT({ sub: "user" })
      .setProtectedHeader({ alg: "RS256", kid: "g2" })
      .setIssuer("goimg")
      .setExpirationTime("1 minute")
      .sign(createPrivateKey(pairs[1].privatePem));
    expect(await tokens([1, 2], 1).verify(token)).toBeNull();
  });
});

describe("the key set", () => {
  it("holds every live public key, the signing one first, and no private part", async () => {
    const { keys } = await tokens([1, 2, 3], 2).keySet();
    expect(keys.map(({ kid, alg, use, kty }) => [kid, alg, use, kty])).toEqual([
      ["g2", "RS256", "sig", "RSA"],
      ["g3", "RS256", "sig", "RSA"],
      ["g1", "RS256", "sig", "RSA"],
    ]);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  });

  it("lets another service verify a token of either generation", async () => {
    const set = createLocalJWKSet(await tokens([1, 2], 2).keySet());
    for (const active of [1, 2] as const) {
      const { payload } = await jwtVerify(await tokens([1, 2], active).issue("user"), set, { issuer: "goimg" });
      expect(payload.sub).toBe("user");
    }
  });

  it("is empty, not broken, where there is no key pair", async () => {
    expect(await tokens([], null, [1]).keySet()).toEqual({ keys: [] });
  });
});

describe("the move from HS256 to RS256", () => {
  it("issues HS256 only where no key pair is live", async () => {
    expect(decodeProtectedHeader(await tokens([], null, [1]).issue("user")).alg).toBe("HS256");
    expect(decodeProtectedHeader(await tokens([1], 1, [1]).issue("user")).alg).toBe("RS256");
  });

  it("verifies both kinds while both are live, and HS256 no more when its secret is gone", async () => {
    const old = await tokens([], null, [1]).issue("user");
    expect(await tokens([1], 1, [1]).verify(old)).toBe("user");
    expect(await tokens([1], 1).verify(old)).toBeNull();
  });

  it("verifies tokens of before kid was written, under every live secret", async () => {
    const token = await new SignJWT({ sub: "user" })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer("goimg")
      .setExpirationTime("1 minute")
      .sign(createSecretKey(legacy[2], "utf8"));
    expect(await tokens([1], 1, [1, 2]).verify(token)).toBe("user");
    expect(await tokens([1], 1, [1]).verify(token)).toBeNull();
  });

  it("never takes a public key for an HMAC secret", async () => {
    const publicKey = createPublicKey(pairs[1].publicPem);
    for (const form of [pairs[1].publicPem, publicKey.export({ type: "pkcs1", format: "pem" }).toString()]) {
      for (const kid of ["g1", undefined]) {
        const forged = await new SignJWT({ sub: "user" })
          .setProtectedHeader({ alg: "HS256", ...(kid === undefined ? {} : { kid }) })
          .setIssuer("goimg")
          .setExpirationTime("1 minute")
          .sign(createSecretKey(form, "utf8"));
        expect(await tokens([1], 1).verify(forged)).toBeNull();
        expect(await tokens([1], 1, [2]).verify(forged)).toBeNull();
      }
    }
  });
});

it("refuses what is expired, of another issuer, unsigned, cut or no token at all", async () => {
  const subject = tokens([1], 1, [1]);
  const key = createSecretKey(legacy[1], "utf8");
  const good = await subject.issue("user");
  const expired = await new SignJWT({ sub: "user" })
    .setProtectedHeader({ alg: "HS256", kid: "g1" })
    .setIssuer("goimg")
    .setExpirationTime("1 minute ago")
    .sign(key);
  const foreign = await new SignJWT({ sub: "user" })
    .setProtectedHeader({ alg: "HS256", kid: "g1" })
    .setIssuer("other")
    .setExpirationTime("1 minute")
    .sign(key);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${good.split(".")[1] ?? ""}.`;
  for (const bad of [expired, foreign, unsigned, good.slice(0, -10), "", "a.b.c"]) {
    expect(await subject.verify(bad)).toBeNull();
  }
});

it("refuses to start with nothing to sign with", () => {
  expect(() => tokens([], null)).toThrow(/nothing to sign/);
});
