/** Checks of a server's TLS key and certificates in PEM, with Node's own crypto. Messages never quote either, nor OpenSSL's error. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import type { EntryFormat } from "./manifest.ts";
import { bad, blockProblem, signs, tooShort, wrapperProblem, type PemCheck } from "./pem.ts";
import type { Problem } from "./text.ts";

type TlsFormat = Extract<EntryFormat, { type: "tlsPrivateKeyPem" | "tlsCertificatePem" }>;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----(?:\n|$)/g;

/** More than any chain that a client follows. */
const MAX_CHAIN = 10;

/** Checks a key, or a certificate and its chain; the key that is answered is the certificate's, by which the pair is compared. */
export function checkTls(bytes: Uint8Array, format: TlsFormat): PemCheck {
  const text = Buffer.from(bytes).toString("latin1");
  const problem = wrapperProblem(text) ?? labelProblem(text, format);
  if (problem) return { problems: [problem], key: null };
  return format.type === "tlsPrivateKeyPem" ? checkKey(text, format.minBits) : checkChain(text, format.minBits);
}

/** The certificates of a PEM text in their order, the server's own first; undefined when it holds anything else. */
export function readChain(text: string): readonly X509Certificate[] | undefined {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0 || blocks.length > MAX_CHAIN || blocks.join("").trimEnd() !== text.trimEnd())
    return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function checkKey(text: string, minBits: number): PemCheck {
  const damaged = blockProblem(text);
  if (damaged) return { problems: [damaged], key: null };
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    return { problems: [bad("is damaged: its content is no key")], key: null };
  }
  const problem = keyProblem(key, minBits);
  if (problem) return { problems: [problem], key: null };
  if (key.asymmetricKeyType === "rsa" && !signs(key))
    return { problems: [bad("is damaged: what it signs can't be verified")], key: null };
  return { problems: [], key };
}

function checkChain(text: string, minBits: number): PemCheck {
  const chain = readChain(text);
  const [own] = chain ?? [];
  if (chain === undefined || own === undefined)
    return { problems: [bad("is damaged: it is not clean PEM blocks of certificates")], key: null };
  const problem = keyProblem(own.publicKey, minBits) ?? chainProblem(chain);
  return problem ? { problems: [problem], key: null } : { problems: [], key: own.publicKey };
}

function labelProblem(text: string, { type }: TlsFormat): Problem | null {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----\n/.exec(text)?.[1];
  if (label === undefined) return bad("does not start with a PEM block");
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED$/m.test(text))
    return { reason: "pem-encrypted", message: "is encrypted with a passphrase; store the key without one" };
  const isPrivate = /PRIVATE KEY$/.test(label);
  if (type === "tlsCertificatePem") {
    if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
      const message = "holds a private key where certificates alone belong; store the certificates, and get a new key";
      return { reason: "private-key-for-public", message };
    }
    return label === "CERTIFICATE" ? null : wrongLabel("CERTIFICATE");
  }
  if (label === "CERTIFICATE" || /PUBLIC KEY$/.test(label)) {
    const message = "is no private key but what is public of one; store the private key of the pair here";
    return { reason: "public-key-for-private", message };
  }
  return isPrivate ? null : wrongLabel("PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY");
}

const wrongLabel = (due: string): Problem => ({
  reason: "pem-wrong-label",
  message: `is a PEM block of another kind; store one labelled ${due}`,
});

function keyProblem({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, minBits: number): Problem | null {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === "rsa") return modulusLength < minBits ? tooShort(minBits) : null;
  if (asymmetricKeyType === "ec" && namedCurve === "prime256v1") return null;
  return {
    reason: "key-type",
    message: `is of another key than RSA (${minBits} bits or more) or P-256; get a new one`,
  };
}

/** RFC 8446, 4.4.2: the server's own first, and each next one certifies the one before it. */
function chainProblem(chain: readonly X509Certificate[]): Problem | null {
  const broken = (what: string): Problem => ({
    reason: "chain-broken",
    message: `${what}; store the server's certificate first, then each issuer's in its order`,
  });
  if (chain[0]?.ca === true) return broken("begins with a certificate authority's certificate");
  const isIssued = chain.slice(1).every((issuer, index) => {
    const issued = chain[index];
    return issuer.ca && issued?.checkIssued(issuer) === true && issued.verify(issuer.publicKey);
  });
  return isIssued ? null : broken("holds a certificate that the next one did not issue");
}
