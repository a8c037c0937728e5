import {
  authorizationHeader,
  dataSource,
  passwordFile,
  passwordHash,
  sqlPassword,
  urlCredentials,
  webhook,
} from "./credentials.ts";
import { commandSecret } from "./commands.ts";
import { decodeText, isJwt, isPrivateDer, isPrivatePem, isPublicDer, parseJson } from "./encoded.ts";
import { vendorToken } from "./formats.ts";
import { isPublicName } from "./names.ts";
import { namedSecret } from "./named.ts";
import { pairSecret } from "./pairs.ts";
import { defaultsOf, isReference, withDefaults } from "./references.ts";
import { secretlintRule } from "./secretlint.ts";
import { walkTree } from "./tree.ts";
import { isCloudName, isMask, isPlainValue, unquote } from "./values.ts";

/** What the detector says of a plaintext secret: which rule, and a sentence. It never holds the value. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
}

/** A value longer than this is read in windows that overlap, so that no pattern ever sees more. */
const windowLength = 65_536;
const windowOverlap = 4_096;
/** Base64 in JSON in base64 … is followed this far. */
const depthLimit = 4;

/** Is this named value a plaintext secret? `name` is an environment variable, property or header name. */
export function detect(name: string, value: string): Finding | undefined {
  return detectAt(name, value, 0);
}

/**
 * Walks any JSON-like tree (objects, arrays, strings) and answers the path of each finding, such as
 * `taskSpec.containerSpec.env.DB_PASSWORD`. `NAME=value` items and `{ name, value }` objects are read as named values,
 * lists of words as commands. Cycles, depth, size and getters that throw do it no harm.
 */
export function detectTree(tree: unknown): { path: string; finding: Finding }[] {
  return walkTree(tree, detect);
}

function detectAt(name: string, raw: string, depth: number): Finding | undefined {
  if (raw.length > windowLength) return detectLong(name, raw, depth);
  const value = unquote(raw);
  if (isPlainValue(value) || isCloudName(value) || isMask(value)) return undefined;
  if (depth < depthLimit) {
    const inDefault = detectDefaults(name, value, depth);
    if (inDefault !== undefined) return inDefault;
  }
  if (isReference(value)) return undefined;
  return certain(name, value) ?? embedded(name, value, depth) ?? byName(name, value);
}

function detectLong(name: string, raw: string, depth: number): Finding | undefined {
  const whole = depth < depthLimit ? embedded(name, raw.trim(), depth) : undefined;
  if (whole !== undefined) return whole;
  for (let at = 0; at < raw.length; at += windowLength - windowOverlap) {
    const part = raw.slice(at, at + windowLength);
    const finding = detectAt(name, part, depthLimit);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

/** `${VAR:-x}`: x is judged under the entry's name, under VAR, and in its place in the text. */
function detectDefaults(name: string, value: string, depth: number): Finding | undefined {
  const defaults = defaultsOf(value);
  for (const each of defaults) {
    const whole = each.start === 0 && each.end === value.length;
    const finding =
      detectAt(each.variable, each.value, depth + 1) ?? (whole ? detectAt(name, each.value, depth + 1) : undefined);
    if (finding !== undefined)
      return { rule: finding.rule, message: `the default of an interpolation: ${finding.message}` };
  }
  return defaults.length > 0 ? detectAt(name, withDefaults(value), depthLimit) : undefined;
}

/** What is a secret by its own form. */
function certain(name: string, value: string): Finding | undefined {
  const published = isPublicName(name);
  if (isPrivatePem(value) || isPrivateDer(value)) return { rule: "private-key", message: "a private key in plaintext" };
  if (webhook(name, value)) return { rule: "webhook-url", message: "a webhook's address, which is its own credential" };
  const vendor = vendorToken(value, published);
  if (vendor !== undefined) return { rule: `vendor-token/${vendor}`, message: "a token in the format of its vendor" };
  const rule = secretlintRule(name, value);
  if (rule !== undefined && !(published && rule === "gcp"))
    return { rule: `secretlint/${rule}`, message: "a credential by a rule of secretlint's preset" };
  if (passwordHash(value))
    return { rule: "password-hash", message: "the hash of a password, which can be guessed from" };
  if (isJwt(value)) return { rule: "jwt", message: "a signed JSON Web Token" };
  if (urlCredentials(value)) return { rule: "url-credentials", message: "a URL with credentials" };
  if (passwordFile(value)) return { rule: "password-file", message: "a line of a password file" };
  if (dataSource(value)) return { rule: "connection-string", message: "a data source name with a password" };
  if (authorizationHeader(name, value))
    return { rule: "authorization-header", message: "the credentials of an Authorization header" };
  if (sqlPassword(value)) return { rule: "sql-password", message: "a password in an SQL statement" };
  if (commandSecret(value))
    return { rule: "command-argument", message: "a secret stands among the words of a command" };
  return undefined;
}

/** What holds a secret inside: JSON, pairs, base64. */
function embedded(name: string, value: string, depth: number): Finding | undefined {
  if (isPublicDer(value)) return undefined;
  const json = parseJson(value);
  if (json !== undefined && depth < depthLimit) {
    const inner = walkTree(json, (key, text) => detectAt(jsonName(name, key), text, depth + 1), name)[0];
    return inner === undefined
      ? undefined
      : { rule: inner.finding.rule, message: `inside JSON: ${inner.finding.message}` };
  }
  if (value.length <= windowLength && pairSecret(name, value))
    return { rule: "embedded-secret", message: "a named secret stands inside the text" };
  const text = depth < depthLimit ? decodeText(value) : undefined;
  if (text === undefined) return undefined;
  const finding = detectAt(
    /^(?:registry|npm|docker|basic|http|proxy)?_*auth\w*$/i.test(name) ? name : innerName(name),
    text,
    depth + 1,
  );
  return finding === undefined ? undefined : { rule: "encoded-secret", message: `inside base64: ${finding.message}` };
}

/** In JSON under the name of a secret, `key` and `value` mean the secret itself; `auth` holds `user:password`. */
function jsonName(name: string, key: string): string {
  return /^(?:key|value|k)$/i.test(key) ? name : key;
}

/** A decoded text is judged by its form and, under an auth-like name, as `user:password`; its encoding is the name's. */
function innerName(name: string): string {
  return /auth|cred|login|user/i.test(name) ? "BASIC_AUTH" : name;
}

function byName(name: string, value: string): Finding | undefined {
  if (isPublicDer(value)) return undefined;
  if (parseJson(value) !== undefined) return undefined;
  return namedSecret(name, value);
}
