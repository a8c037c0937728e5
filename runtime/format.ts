import type { EntryFormat } from "./manifest.ts";
import { checkPem, type PemCheck } from "./pem.ts";
import { textProblems } from "./text.ts";
import { checkTls } from "./tls.ts";

/** Checks one value against its format. The key is there for PEM alone, and only when nothing is wrong. */
export function checkValue(bytes: Uint8Array, format: EntryFormat): PemCheck {
  switch (format.type) {
    case "text":
      return { problems: textProblems(Buffer.from(bytes), format), key: null };
    case "rsaPrivateKeyPem":
    case "rsaPublicKeyPem":
      return checkPem(bytes, format);
    case "tlsPrivateKeyPem":
    case "tlsCertificatePem":
      return checkTls(bytes, format);
  }
}
