import { rsaKeyBits } from "../../../components/catalog/catalog.ts";
import type { Control } from "../control.ts";

export const rs256: Control = {
  id: "rs256-4096",
  kind: "control",
  number: 7,
  title: "RS256 JWT with 4096-bit keys",
  how: "the running API's key set; a token signed with the active key presented to it, and forged ones: another key, HS256 with the public key as its secret, no signature",
  async check(facts) {
    const { keys, tries, legacy } = await facts.tokens();
    return {
      looked: tries.length,
      problems: [
        ...(keys.length > 0 ? [] : ["the API's key set is empty"]),
        ...keys
          .filter(({ alg, kty }) => alg !== "RS256" || kty !== "RSA")
          .map(({ kid, alg, kty }) => `the key ${kid} is for ${alg} (${kty}), not RS256`),
        ...keys
          .filter(({ bits }) => bits < rsaKeyBits)
          .map(({ kid, bits }) => `the key ${kid} has ${bits} bits: rotate JWT_KEY`),
        ...tries
          .filter(
            ({ shouldBe, status }) => (status === 401 ? "refused" : status === 404 ? "accepted" : "") !== shouldBe,
          )
          .map(({ what, shouldBe, status }) => `${what} was answered ${status}: it must be ${shouldBe}`),
        ...legacy.map(
          (generation) =>
            `generation ${generation} of the HS256 key JWT_SECRET is still live: end the migration (goimg-secrets retire JWT_SECRET)`,
        ),
      ],
      seen: { keys, tries, legacy },
    };
  },
};
