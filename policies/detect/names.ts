import {
  aboutWords,
  coreKeys,
  gluedHeads,
  gluedWords,
  ownerWords,
  identifierWords,
  keyWords,
  qualifierWords,
  strongWords,
} from "./vocabulary.ts";

/**
 * What a name says of its value:
 * - `password`: a password, PIN or passphrase: even a short number under it is a secret;
 * - `secret`: a token, key or secret: any literal under it is one;
 * - `loose`: a secret word in a form that often names something else (`CREDENTIALS`, `SECRETS`, an unknown word
 *   behind it): plain words under it pass;
 * - `auth`: may hold `user:password`;
 * - `key`: key-like: random material under it is a secret, words are not;
 * - `connection`: a DSN or connection string: judged by its content;
 * - `identifier`, `public`, `about`: ids and hashes, public keys, and facts about a secret (`PASSWORD_MIN_LENGTH`);
 * - `neutral`: says nothing.
 */
export type NameClass =
  "password" | "secret" | "loose" | "auth" | "key" | "connection" | "identifier" | "public" | "about" | "neutral";

const passwordWords = new Set("password passwords passwd pass pwd pw passphrase passcode pin requirepass".split(" "));
const looseWords = new Set(["secrets", "tokens", "credential", "credentials", "cred", "creds", "jwt"]);
const connectionWords = new Set(["dsn", "connectionstring", "connectionstrings", "connstr"]);
const authWords = new Set(["auth", "basicauth", "userpass", "htpasswd", "login", "authorization", "users"]);
/** Names that are a shell's own and no one's password. */
const shellNames = new Set(["pwd", "oldpwd"]);
/** Built for the browser: whatever stands there is published, unless its own name says secret. */
const published = /^(?:next_public|vite|react_app|expo_public|nuxt_public|gatsby|vue_app|public|storybook)_/i;

/** The words of a name, lower case: `spring.mail.dbPassword2` is spring, mail, db, password. */
export function wordsOf(name: string): string[] {
  const parts = name
    .slice(0, 256)
    .replace(/([a-z]\d{0,4})([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return parts.flatMap((part) => splitGlued(withoutNumber(part))).filter((word) => word !== "");
}

/** `password2` is password; `sha256`, `md5` and `base64` are words of their own. */
function withoutNumber(part: string): string {
  return /^[a-z]{2,}\d+$/.test(part) && !/^(?:sha|md|base|ed)\d+$/.test(part) ? part.replace(/\d+$/, "") : part;
}

function isAbout(word: string): boolean {
  return aboutWords.has(word) || (word.endsWith("s") && aboutWords.has(word.slice(0, -1)));
}

/** `dbpassword` is db, password; `encryptionkey` is encryption, key; `monkey` stays whole. */
function splitGlued(word: string): string[] {
  for (const suffix of gluedWords) {
    if (word.length > suffix.length && word.endsWith(suffix))
      return [...splitKey(word.slice(0, -suffix.length)), suffix];
  }
  const short = /^(.{2,})(pass|pw|auth)$/.exec(word);
  if (short?.[1] !== undefined && short[2] !== undefined && gluedHeads.has(short[1])) return [short[1], short[2]];
  return splitKey(word);
}

function splitKey(word: string): string[] {
  const match = /^(.+?)(keys?)$/.exec(word);
  if (match?.[1] === undefined || match[2] === undefined) return [word];
  return coreKeys.has(match[1]) ||
    match[1] === "public" ||
    match[1] === "site" ||
    match[1] === "gpg" ||
    match[1] === "pub"
    ? [match[1], match[2]]
    : [word];
}

/** The place of the last secret word, and how sure it is. */
function findCore(words: readonly string[]): { end: number; kind: NameClass } | undefined {
  for (let at = words.length - 1; at >= 0; at--) {
    const word = words[at] ?? "";
    const before = words[at - 1] ?? "";
    if (passwordWords.has(word)) return { end: at, kind: "password" };
    if (word === "key" || word === "keys") {
      if (coreKeys.has(before)) return { end: at, kind: "secret" };
      continue;
    }
    if (word === "string" || word === "strings") {
      if (before === "connection" || before === "conn") return { end: at, kind: "connection" };
      continue;
    }
    if (word === "cookie" && (before === "erlang" || before === "magic")) return { end: at, kind: "secret" };
    if (word === "phrase" && /^(?:seed|recovery|backup|secret|wallet)$/.test(before))
      return { end: at, kind: "secret" };
    if (word === "seed" && (before === "totp" || before === "otp" || before === "wallet"))
      return { end: at, kind: "secret" };
    if (strongWords.has(word)) return { end: at, kind: "secret" };
    if (looseWords.has(word)) return { end: at, kind: "loose" };
    if (connectionWords.has(word)) return { end: at, kind: "connection" };
  }
  return undefined;
}

/** What a name with a secret word says, by the words around it. */
function classifyCore(words: readonly string[], core: { end: number; kind: NameClass }): NameClass {
  const head = words.slice(0, core.end);
  const tail = words.slice(core.end + 1);
  const word = words[core.end] ?? "";
  if (core.kind === "connection") return tail.some((next) => isAbout(next)) ? "about" : "connection";
  if (/^(?:keys?|tokens?|jwt)$/.test(word) && (isPublic(head) || isPublic(tail) || isSearchOnly(head))) return "public";
  if (
    /^(?:existing|pull|on|if|ask)$/.test(head.at(-1) ?? "") ||
    (/^(?:max|min|num|total|count)$/.test(head.at(-1) ?? "") && /^tokens?$/.test(word))
  )
    return "about";
  if (tail[0] === "id") {
    if (head.some((part) => part === "approle" || part === "role" || part === "vault") && word === "secret")
      return "secret";
    return word === "token" && head.includes("root") ? "secret" : "identifier";
  }
  if (tail[0] === "key" && core.kind === "password") return "about";
  if (tail.some((next) => isAbout(next) && !ownerWords.has(next))) return "about";
  if (tail.some((next) => identifierWords.has(next))) return "identifier";
  if (tail.some((next) => !qualifierWords.has(next) && !/^v?\d+$/.test(next))) return "loose";
  return core.kind;
}

/** Search services that give browsers a key which can only search. */
function isSearchOnly(words: readonly string[]): boolean {
  return words.includes("search") && words.some((word) => /^(?:algolia|meili|meilisearch|typesense)$/.test(word));
}

function isPublic(words: readonly string[]): boolean {
  return words.some((word) => /^(?:public|pub|publishable|site|anon|recipient)$/.test(word));
}

/** Names come again and again, a dozen times for one entry; the memory of them is bounded. */
const remembered = new Map<string, NameClass>();
const rememberedLimit = 4096;

/** Classifies a name: see {@link NameClass}. */
export function classifyName(name: string): NameClass {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const kind = classify(name);
  if (remembered.size >= rememberedLimit) remembered.clear();
  if (name.length <= 256) remembered.set(name, kind);
  return kind;
}

function classify(name: string): NameClass {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  if (words.length === 1 && shellNames.has(last) && name === name.toUpperCase()) return "about";
  const core = findCore(words);
  if (core !== undefined) {
    const kind = classifyCore(words, core);
    return (kind === "secret" || kind === "loose") &&
      published.test(name) &&
      !words.includes("secret") &&
      !words.includes("private")
      ? "public"
      : kind;
  }
  if (
    isPublic(words) ||
    isSearchOnly(words) ||
    published.test(name) ||
    words.some(
      (word) =>
        word === "gpg" ||
        word === "pgp" ||
        word === "gpgkey" ||
        word === "cert" ||
        word === "certificate" ||
        word === "pubkey" ||
        word === "sitekey",
    )
  ) {
    return "public";
  }
  if (words.some((word) => identifierWords.has(word))) return "identifier";
  if (words.includes("basic") && words.includes("auth")) return "auth";
  if (words.some((word) => authWords.has(word)))
    return words.some((word) => isAbout(word) && !authWords.has(word)) ? "about" : "auth";
  if (words.some((word) => keyWords.has(word))) return isAbout(last) && !keyWords.has(last) ? "about" : "key";
  return "neutral";
}

/** Is the value of this name published by design? */
export function isPublicName(name: string): boolean {
  return classifyName(name) === "public";
}

/** Names of files and places: their values are paths. */
export function isPlaceName(name: string): boolean {
  const last = wordsOf(name).at(-1) ?? "";
  return /^(?:file|path|dir|directory|folder|location|keyfile|passfile)$/.test(last);
}
