import { createPrivateKey } from "node:crypto";
import type { Format } from "../../../components/catalog/types.ts";

/** What any later value of a secret must look like, so that generation 0 passes too: its length is told in steps. */
export function formatOf(value: string): Format {
  if (/^-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(value)) {
    try {
      const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(value);
      const bits = asymmetricKeyDetails?.modulusLength ?? 0;
      if (asymmetricKeyType === "rsa")
        return { type: "rsaPrivateKeyPem", minBits: bits >= 4096 ? 4096 : bits >= 2048 ? 2048 : 1024, pair: "" };
    } catch {
      // Not a key that can be read: it is text.
    }
  }
  const minLength = [43, 32, 16, 8].find((step) => value.length >= step) ?? 1;
  return { type: "text", minLength, ...(/^[\x20-\x7e]*$/.test(value) ? { charset: "printable" as const } : {}) };
}
