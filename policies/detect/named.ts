import type { Finding } from "./index.ts";
import { decodeText } from "./encoded.ts";
import { isRandom, isRandomBase64, isRandomHex, isRandomPrintable } from "./entropy.ts";
import type { NameClass } from "./names.ts";
import { classifyName, isPlaceName, wordsOf } from "./names.ts";
import { standsFor } from "./references.ts";
import {
  isAddress,
  isCloudName,
  isFingerprint,
  isPath,
  isPlainValue,
  isPlainWords,
  isPublicMaterial,
  isQuantity,
  isUrl,
  isUuid,
} from "./values.ts";

/** Judgement by name: what a plain literal means under what it is called. */

const weakDefaults =
  /^(?:change_?(?:me|it|this)|pass(?:word|wd|w0rd)?\d*|p@ss\w*|admin\d*|root\d*|toor|guest|secret\d*|s3cr3t|test\d*|default|postgres|mysql|mariadb|redis|mongo|minio(?:admin|123)?|rabbitmq|keycloak|qwerty\w*|letmein\d*|welcome\d*|hunter2|foobared?|dev|example|password_?here|demo|\d{4,10})$/i;

const named = (value: string): Finding =>
  weakDefaults.test(value)
    ? { rule: "weak-default", message: "a well-known default stands under the name of a secret" }
    : { rule: "named-secret", message: "a plaintext value stands under the name of a secret" };

const highEntropy: Finding = { rule: "high-entropy", message: "the value looks like random key material" };
const userPassword: Finding = { rule: "user-password", message: "a user and a password stand together in plaintext" };

/** Never a secret, whatever the name: nothing, a stand-in, a path, the name of a thing elsewhere, public material. */
function isExempt(value: string): boolean {
  return (
    isPlainValue(value) ||
    standsFor(value) ||
    isCloudName(value) ||
    isPublicMaterial(value) ||
    isPath(value) ||
    isUrl(value)
  );
}

/** Judges a value by its name and its looks; formats and credentials inside it are judged elsewhere. */
export function namedSecret(name: string, value: string): Finding | undefined {
  if (isExempt(value) || isFingerprint(name, value)) return undefined;
  const kind = classifyName(name);
  if (isAddress(value) && kind !== "secret" && kind !== "password") return undefined;
  if (isPlaceName(name)) return isRandomSecret(value) ? highEntropy : undefined;
  switch (kind) {
    case "password":
      return isQuantity(value) && !/^\d{3,}$/.test(value) ? undefined : named(value);
    case "secret":
      return isQuantity(value) && !/^\d{6,}$/.test(value) ? undefined : named(value);
    case "loose":
      return looseSecret(value);
    case "auth":
      return authSecret(name, value);
    case "key":
      return keySecret(name, value);
    case "identifier":
      return /access_?key_?id/i.test(name) && /^[A-Z0-9]{20}$/.test(value) ? highEntropy : undefined;
    case "connection":
    case "neutral":
      return neutralSecret(value);
    case "public":
    case "about":
      return undefined;
  }
}

function isRandomSecret(value: string): boolean {
  return (
    (isRandomHex(value) || isRandomBase64(value, 24) || isRandomPrintable(value, 14)) &&
    !/[/\\.]/.test(value.slice(0, -1))
  );
}

function looseSecret(value: string): Finding | undefined {
  if (isQuantity(value) || (isPlainWords(value) && !weakDefaults.test(value))) return undefined;
  if (
    /^[a-z][a-z0-9]*(?:[-_./:,][a-z0-9]+)*$/.test(value) &&
    !isRandom(value, 16) &&
    !weakDefaults.test(value) &&
    !/^[\w.-]+:[^\s/:]{4,}$/.test(value)
  )
    return undefined;
  if (/\s/.test(value) && isPlainWords(value.replace(/[^A-Za-z]+/g, " ").trim()) && !/\d/.test(value)) return undefined;
  return named(value);
}

/** `user:password` and `neo4j/password` where authentication is set, and random tokens. */
function authSecret(name: string, value: string): Finding | undefined {
  // Some take a list of users.
  const pair = /^[\w.@%+-]{1,64}:([^\s:/][^\s:]{2,255})$/.exec(value.split(",", 1)[0] ?? "")?.[1];
  if (pair !== undefined && !/^\d+$/.test(pair) && !isHost(value)) return userPassword;
  if (wordsOf(name).includes("neo4j") && /^neo4j\/\S+$/.test(value)) return userPassword;
  return isRandomHex(value) || isRandomBase64(value, 20) ? highEntropy : undefined;
}

function isHost(value: string): boolean {
  return (
    /^[\w-]+(?:\.[\w-]+)*:\d{2,5}$/.test(value) ||
    /^(?:sha\d+|arn|urn|image|http|https|tcp|udp|group|role):/i.test(value)
  );
}

function keySecret(name: string, value: string): Finding | undefined {
  if (/^(?=.*\d)[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){3,7}$/.test(value)) return highEntropy;
  if (decodeText(value) !== undefined && !isRandomHex(value)) return undefined;
  if (value.split(",", 16).some((part) => isKeyMaterial(part.trim()))) return highEntropy;
  const words = wordsOf(name);
  if (isUuid(value))
    return words.at(-1) === "key" &&
      !/^(?:idempotency|instrumentation|partition|primary|cache|routing|object|row|sort|kms|cmk)$/.test(
        words.at(-2) ?? "",
      )
      ? highEntropy
      : undefined;
  const salted = words.some((word) => /^(?:keys?|salt|auth|session|cookie)$/.test(word));
  return salted && value.length >= 20 && isRandomPrintable(value.replace(/ /g, ""), 20) && !isPathLike(value)
    ? highEntropy
    : undefined;
}

function isPathLike(value: string): boolean {
  return /^[\w.-]+(?:[/.:-][\w.-]+){2,}$/.test(value) && !isRandom(value.replace(/[/.:-]/g, ""), 24);
}

function isKeyMaterial(value: string): boolean {
  const body = value.replace(/^(?:base64|hex|raw):/, "");
  return isRandomHex(body) || isRandomBase64(body, 24) || isRandomHex(body.replace(/^0x/, ""), 64);
}

/** Under a name that says nothing only long, well-mixed base64 counts: hexadecimal is an id or a hash as often. */
function neutralSecret(value: string): Finding | undefined {
  const body = value.replace(/^(?:base64|raw):/, "");
  return isRandomBase64(body, 32) && decodeText(body) === undefined && !/^[\w-]+(?:[-_/][a-z]{3,}){2,}$/.test(body)
    ? highEntropy
    : undefined;
}

export type { NameClass };
