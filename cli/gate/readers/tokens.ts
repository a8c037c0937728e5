/** The running API's keys, and what it does with tokens: signed rightly, and forged. It makes no user and keeps nothing. */
import { createPublicKey, createSecretKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import * as z from "zod";
import { NotReadable } from "../control.ts";
import type { StoredFact, TokensFact } from "../facts.ts";
import type { StackValues } from "./values.ts";

const jwksSchema = z.object({
  keys: z.array(
    z.union([
      z.looseObject({ kid: z.string(), alg: z.string(), kty: z.literal("RSA"), n: z.string(), e: z.string() }),
      z.looseObject({ kid: z.string(), alg: z.string(), kty: z.string(), n: z.undefined() }),
    ]),
  ),
});
const patience = 10_000;
const seconds = "60 seconds";

/** Asks the API at an address. @throws NotReadable when it does not answer, or its key is not in the state */
export async function readTokens(url: string, values: StackValues, store: readonly StoredFact[]): Promise<TokensFact> {
  const { keys } = jwksSchema.parse(await (await ask(`${url}/.well-known/jwks.json`)).json());
  const described = keys.map((key) => {
    const bits =
      key.n !== undefined ? createPublicKey({ key: { ...key }, format: "jwk" }).asymmetricKeyDetails?.modulusLength : 0;
    return { kid: key.kid, alg: key.alg, kty: key.kty, bits: bits ?? 0 };
  });
  const [first] = keys;
  const legacy = store.filter(({ entry }) => entry === "JWT_SECRET").map(({ generation }) => generation);
  if (first === undefined) return { keys: described, tries: [], legacy };
  const signing = values.signingKey(Number(first.kid.slice(1)));
  if (signing === undefined) throw new NotReadable(`the state has no key of the API's ${first.kid}`);
  const claims = () =>
    new SignJWT().setIssuer("goimg").setSubject(randomUUID()).setIssuedAt().setExpirationTime(seconds);
  const { privateKey: stranger } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicPem = createPublicKey(signing).export({ type: "spki", format: "pem" });
  const rs256 = { alg: "RS256", kid: first.kid, typ: "JWT" };
  const tokens = [
    ["a token signed with the active key (RS256)", "accepted", await claims().setProtectedHeader(rs256).sign(signing)],
    ["a token signed with another key", "refused", await claims().setProtectedHeader(rs256).sign(stranger)],
    [
      "an HS256 token with the public key as its secret",
      "refused",
      await claims()
        .setProtectedHeader({ alg: "HS256", kid: first.kid })
        .sign(createSecretKey(Buffer.from(publicPem))),
    ],
    [
      "a token without a signature",
      "refused",
      new UnsecuredJWT().setIssuer("goimg").setSubject(randomUUID()).setExpirationTime(seconds).encode(),
    ],
  ] as const;
  const tries = tokens.map(async ([what, shouldBe, token]) => {
    const { status } = await ask(`${url}/me`, { authorization: `Bearer ${token}` });
    return { what, shouldBe, status };
  });
  return { keys: described, tries: await Promise.all(tries), legacy };
}

async function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(patience) });
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new NotReadable(`the API does not answer at ${new URL(url).origin} (${why})`);
  }
}
