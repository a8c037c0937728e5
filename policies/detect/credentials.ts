import { classifyName } from "./names.ts";
import { isRandom } from "./entropy.ts";
import { standsFor } from "./references.ts";
import { isPath, isPlainValue, isUuid } from "./values.ts";

/** Credentials inside a text: URLs, webhooks, data source names, headers, SQL. Every scan is linear. */

const endOfUrl = /[\s"'`<>\\|]/;
const secretParameter =
  /^(?:password|passwd|pwd|pass|token|access_token|auth_token|token_auth|authtoken|refresh_token|id_token|api[_-]?key|key|secret|client_secret|app_secret|sig|signature|x-amz-signature|x-goog-signature|x-amz-security-token|private_token|auth|apitoken|api_token|subscription-key|code)$/i;

/** Is this the secret part of a credential, and not a stand-in for one? */
function isLiteral(secret: string): boolean {
  return (
    secret !== "" && !standsFor(secret) && !standsFor(decode(secret)) && !/^(?:<.*>|\{.*\}|\[.*\]|\(.*\))$/.test(secret)
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A URL that carries a password, a token in its user or its query. */
export function urlCredentials(value: string): boolean {
  // A signature by itself, to be put behind an address.
  if (/^\?\w{1,40}=/.test(value) && !/\s/.test(value) && secretQuery(value.slice(0, 4096))) return true;
  let from = 0;
  for (let count = 0; count < 256; count++) {
    const at = value.indexOf("://", from);
    if (at < 0) return false;
    from = at + 3;
    const rest = value.slice(from, from + 4096);
    const end = rest.search(endOfUrl);
    const url = end < 0 ? rest : rest.slice(0, end);
    if (userInfo(url) || secretQuery(url)) return true;
  }
  return false;
}

function userInfo(url: string): boolean {
  const stop = url.search(/[/?#,]/);
  let authority = stop < 0 ? url : url.slice(0, stop);
  if (!authority.includes("@")) {
    // A password may hold an unencoded slash, as base64 does: then what follows the colon is no port.
    const at = url.lastIndexOf("@");
    if (at < 0 || !/^[^:/@]*:(?!\d{1,5}(?:[/?#,]|$))[^/?#,]*/.test(authority) || /\s|:\/\//.test(url.slice(0, at)))
      return false;
    authority = url.slice(0, at + 1);
  }
  const user = authority.slice(0, authority.lastIndexOf("@"));
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const colon = user.indexOf(":");
  if (colon < 0)
    return (
      user.length >= 20 &&
      isRandom(user) &&
      !/sentry|ingest|bugsink|glitchtip/i.test(host) &&
      !/^\/\d+$/.test(stop < 0 ? "" : url.slice(stop)) &&
      isLiteral(user)
    );
  const isPattern = [user.slice(0, colon), user.slice(colon + 1), host.replace(/:\w+$/, "")].every((part) =>
    /^[A-Z][A-Z_]{2,}$/.test(part),
  );
  return !isPattern && isLiteral(user.slice(colon + 1));
}

function secretQuery(url: string): boolean {
  if (!/[?&;]/.test(url)) return false;
  for (const pair of url.split(/[?&;#]/).slice(1, 200)) {
    const equals = pair.indexOf("=");
    if (equals <= 0 || !secretParameter.test(pair.slice(0, equals))) continue;
    const secret = pair.slice(equals + 1);
    if (!isLiteral(secret) || isPlainValue(secret)) continue;
    if (/^(?:password|passwd|pwd|pass)$/i.test(pair.slice(0, equals)) || secret.length >= 8) {
      if (
        /^(?:key|code|auth|token|secret|sig|signature)$/i.test(pair.slice(0, equals)) &&
        /^[a-z]+(?:[-_.][a-z]+)*$/i.test(secret)
      )
        continue;
      return true;
    }
  }
  return false;
}

const webhooks = [
  /hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/[A-Z0-9]{6,}\/[A-Z0-9]{6,}\/[A-Za-z0-9/]{16,}/,
  /discord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\d{15,22}\/[\w-]{30,}/,
  /api\.telegram\.org\/(?:file\/)?bot\d{6,12}:[\w-]{30,}/,
  /(?:webhook\.office\.com\/webhookb2|outlook\.office(?:365)?\.com\/webhook)\/[0-9a-f-]{36}/,
  /hooks\.zapier\.com\/hooks\/catch\/\d+\/\w{5,}/,
  /maker\.ifttt\.com\/trigger\/[\w-]+\/(?:json\/)?with\/key\/[\w-]{16,}/,
  /chat\.googleapis\.com\/v1\/spaces\/[\w-]+\/messages\?key=/,
  /open\.(?:feishu\.cn|larksuite\.com)\/open-apis\/bot\/v2\/hook\/[0-9a-f-]{20,}/,
  /(?:oapi\.dingtalk\.com\/robot\/send|qyapi\.weixin\.qq\.com\/cgi-bin\/webhook\/send)\?\w+=[\w-]{20,}/,
  /\/hooks\/[a-z0-9]{24,32}(?![\w-])/,
  // An address kept secret: calendars, feeds.
  /\/private-[0-9a-f]{32}(?![\w-])/,
];

/** An address that is a credential itself: whoever knows it may post. */
export function webhook(name: string, value: string): boolean {
  if (!value.includes("://") && !value.includes("hooks.")) return false;
  if (webhooks.some((pattern) => pattern.test(value))) return true;
  if (!/hook/i.test(name) || !/^https?:\/\/\S+$/.test(value)) return false;
  return value
    .split(/[/?=&]/)
    .slice(3)
    .some((part) => isRandom(part, 20) || /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(part));
}

/** `user:password@tcp(host)/db`, `user/password@host:1521/db`, `user:password@host:port`. */
export function dataSource(value: string): boolean {
  if (!value.includes("@")) return false;
  const bare =
    /(?:^|[\s"'=])([\w.%+-]{1,64}):([^\s@:/"']{1,128})@(?:(?:tcp|unix|tcp6)\(|[\w.-]{1,253}(?::\d{2,5}|\/[\w-]+)(?:[/?\s"']|$))/.exec(
      value,
    );
  if (bare?.[2] !== undefined && !/^mailto$/i.test(bare[1] ?? "") && isLiteral(bare[2])) return true;
  const oracle = /(?:^|[\s"'=:])[\w.-]{1,64}\/([^\s/@"']{1,128})@(?:\/\/)?[\w.-]{1,253}:\d{2,5}(?:[/:][\w.]+)?$/.exec(
    value,
  );
  return oracle?.[1] !== undefined && isLiteral(oracle[1]);
}

/** `Authorization: Basic …`, `Bearer …`, or such a header's value by itself. */
export function authorizationHeader(name: string, value: string): boolean {
  for (const match of value.matchAll(/\b(basic|bearer|token|apikey|negotiate)(?:\s+|%20)([\w.~+/=:%-]{6,4096})/gi)) {
    const scheme = (match[1] ?? "").toLowerCase();
    const credential = match[2] ?? "";
    if (!isLiteral(credential) || holdsTemplate(value, match.index + match[0].length - credential.length)) continue;
    const header = isHeaderName(name) || /authorization["']?\s*[:=]?\s*["']?$/i.test(value.slice(0, match.index));
    if (scheme === "basic") {
      if (
        /^[A-Za-z0-9+/_-]{6,}={0,2}$/.test(credential) &&
        Buffer.from(credential, "base64").toString("latin1").includes(":")
      )
        return true;
    } else if (
      (scheme === "bearer" || header) &&
      (/\d/.test(credential) || header) &&
      !/^\d+$/.test(credential) &&
      !isPath(credential)
    )
      return true;
  }
  // A vendor's own scheme: `Splunk …`, `GenieKey …`.
  const own = isHeaderName(name) ? /^[A-Za-z][\w-]{1,24}\s{1,4}(\S{16,4096})$/.exec(value)?.[1] : undefined;
  if (own !== undefined && isLiteral(own) && (isRandom(own, 16) || isUuid(own))) return true;
  for (const match of value.matchAll(
    /(?:^|[\s"'])([A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+){1,6}):\s{0,4}([^\s"',;]{6,4096})/g,
  )) {
    const kind = classifyName(match[1] ?? "");
    if ((kind === "secret" || kind === "password") && isLiteral(match[2] ?? "") && !isPlainValue(match[2] ?? ""))
      return true;
  }
  return false;
}

/** `AUTHORIZATION`, `AUTH_HEADER`: what stands there is sent as it is. */
function isHeaderName(name: string): boolean {
  return /authorization|auth\w{0,16}[_-]?header$/i.test(name);
}

/** The matched text stops where a reference starts: `Bearer ${TOKEN}`. */
function holdsTemplate(value: string, at: number): boolean {
  return /^[$<{%]/.test(value.slice(at, at + 1));
}

/** `PASSWORD 'x'` and `IDENTIFIED BY 'x'` in SQL. */
export function sqlPassword(value: string): boolean {
  for (const match of value.matchAll(
    /\b(?:password|identified\s{1,4}by|identified\s{1,4}with\s{1,4}\w{1,40}\s{1,4}(?:by|as))(?:\s{1,4}|\s{0,4}=\s{0,4})(["'])([^"'\n]{1,256})\1/gi,
  )) {
    if (isLiteral(match[2] ?? "")) return true;
  }
  return false;
}

/** A line of `.netrc`, and `host:port:database:user:password` of `.pgpass`. */
export function passwordFile(value: string): boolean {
  const netrc =
    /\b(?:machine\s{1,4}\S{1,253}|default)\s{1,4}login\s{1,4}\S{1,128}\s{1,4}password\s{1,4}(\S{1,256})/.exec(
      value,
    )?.[1];
  const pgpass = /^[\w.*-]{1,253}:(?:\d{1,5}|\*):[\w*-]{1,63}:[\w*-]{1,63}:([^\s:]{1,256})$/m.exec(value)?.[1];
  return isLiteral(netrc ?? pgpass ?? "");
}

/** Hashes that are only ever made of passwords: crypt, bcrypt, argon2, htpasswd, SCRAM and md5 as PostgreSQL keeps them. */
export function passwordHash(value: string): boolean {
  return (
    /(?:^|[:\s"'=,])\$?\$(?:2[abxy]|apr1|1|5|6|7|y|argon2(?:id?|d)|scrypt|pbkdf2[\w-]*|sha1)\$\$?[^\s]{20,}/.test(
      value,
    ) ||
    /^SCRAM-SHA-(?:1|256|512)\$\d+:/.test(value) ||
    /^[\w.-]+:\{SHA\}[A-Za-z0-9+/]{27}=$/.test(value) ||
    /^md5[0-9a-f]{32}$/.test(value) ||
    /^pbkdf2_sha\d+\$\d+\$/.test(value)
  );
}
