import { classifyName, wordsOf } from "./names.ts";
import { standsFor } from "./references.ts";
import { isPath, isPlainValue, isQuantity, unquote } from "./values.ts";

/** Secrets among the words of a command line. */

const wordLimit = 4096;
/** Programs by the flag that takes a password as the next word (or, for those of `glued`, as the rest of the same). */
const programs: readonly { readonly program: RegExp; readonly flags: readonly string[]; readonly glued?: boolean }[] = [
  { program: /^(?:mysql\w*|mariadb[\w-]*|mycli)$/, flags: ["-p"], glued: true },
  { program: /^sshpass$/, flags: ["-p"], glued: true },
  {
    program:
      /^(?:mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|mongostat|cqlsh|arangosh|vsql|clickhouse-client)$/,
    flags: ["-p"],
  },
  { program: /^(?:redis-cli|valkey-cli|keydb-cli)$/, flags: ["-a", "--pass"] },
  { program: /^ldap(?:search|add|modify|delete|whoami|passwd|compare)$/, flags: ["-w"] },
  { program: /^(?:sqlcmd|bcp|isql|tsql|mosquitto_(?:pub|sub|rr))$/, flags: ["-P"] },
  { program: /^(?:7z|7za|zip|unrar|keepassxc-cli)$/, flags: ["-p", "-P"], glued: true },
];
/** Programs for which `-u` and `--user` take `user:password`. */
const userPrograms = /^(?:curl|curlie|etcdctl|http|https|xh|influx|elasticdump|couchbase-cli|lftp)$/;
/** Programs whose `--secret` names a secret. */
const namesSecrets = /^(?:docker|podman|buildctl|buildah|nerdctl|fly|flyctl|gcloud|kubectl|kamal|gh)$/;
/** Programs for which `-p` is a port, a path, a project, a process … */
const otherP =
  /^(?:mkdir|ssh|scp|sftp|cp|ps|docker|docker-compose|podman|nerdctl|tsc|read|install|tar|psql|pg_\w+|nc|ncat|nmap|npm|npx|pnpm|yarn|python\d?|php|perl|ruby|kill|lsof|top|git|rsync|patch|redis-\w+|memcached|node|cargo|go|gradle|pytest|unzip|touch|export|declare|bash|sh)$/;

/** Removes quotes, brackets and separators around a word, as they stand in shell text and in printed arrays. */
function bare(word: string): string {
  return word.replace(/^["'([{,;]+/, "").replace(/["')\]};,]+$/, "");
}

/** Can this word be a literal password? */
function isPassword(word: string | undefined): boolean {
  if (word === undefined) return false;
  if (/^["'([{]*(?:\$|<|`)/.test(word)) return false;
  const text = bare(word);
  if (text === "" || text === "\\" || /^(?:-|[|&;<>]|\d?>)/.test(text)) return false;
  return !standsFor(text) && !isPlainValue(text) && !isPath(text);
}

/** Is there a password or token among the words of a command? */
export function commandSecret(value: string): boolean {
  if (!/\s|^-/.test(value)) return false;
  const words = value.split(/\s+/, wordLimit);
  let program = "";
  for (let at = 0; at < words.length; at++) {
    const raw = words[at] ?? "";
    const word = bare(raw);
    const base = word.replace(/^.*\//, "");
    if (isProgram(base)) program = base;
    else if (/^(?:&&|\|\||;|\|)$/.test(word) || raw.endsWith(";")) program = raw.endsWith(";") ? program : "";
    if (flagSecret(program, words, at, word) || programSecret(program, words, at, word)) return true;
  }
  return false;
}

function isProgram(word: string): boolean {
  return (
    /^[a-z][\w.-]*$/.test(word) &&
    (programs.some(({ program }) => program.test(word)) ||
      userPrograms.test(word) ||
      namesSecrets.test(word) ||
      otherP.test(word) ||
      /^(?:mc|rabbitmqctl|vault|htpasswd|openssl|restic|chpasswd|helm|oras|skopeo|crane)$/.test(word))
  );
}

/** `--password x`, `-token x`, `--user root:x`, `-p x`. */
function flagSecret(program: string, words: readonly string[], at: number, word: string): boolean {
  const next = words[at + 1];
  const long = /^--?([A-Za-z][\w.-]{2,80})$/.exec(word)?.[1];
  if (long !== undefined) {
    if (/^user$/.test(long)) return userPrograms.test(program) && isUserPassword(next);
    const kind = classifyName(long);
    const named = kind === "password" || kind === "secret" || /^(?:pass|psk|http-?pass\w*)$/i.test(long);
    const value =
      !(namesSecrets.test(program) && /secret$/.test(long)) && isPassword(next) && !isQuantity(bare(next ?? ""));
    if (named && value) return true;
    if (/^password-?command$/.test(long)) return /^["']?echo$/.test(next ?? "") && isPassword(words[at + 2]);
  }
  // `git -c http.proxyPassword x`, `npm config set …:_password x`
  if (/^[A-Za-z][\w-]*(?:\.[\w-]+)+$/.test(word)) {
    const kind = classifyName(word);
    if ((kind === "password" || kind === "secret") && isPassword(next) && !isQuantity(bare(next ?? ""))) return true;
  }
  if (word === "-u" || word === "-U") return userPrograms.test(program) && isUserPassword(next);
  for (const { program: owner, flags, glued } of programs) {
    if (!owner.test(program)) continue;
    for (const flag of flags) {
      if (word === flag && isPassword(next) && !glued) return true;
      if (
        word === flag &&
        glued === true &&
        program !== "" &&
        !/^(?:mysql|mariadb|mycli)/.test(program) &&
        isPassword(next)
      )
        return true;
      if (glued === true && word.length > flag.length && word.startsWith(flag) && !word.startsWith("--")) {
        const rest = unquote(word.slice(flag.length));
        if (rest !== "" && !/^["']?\$/.test(rest) && isPassword(rest)) return true;
      }
    }
  }
  if (word === "-p" && /^(?:docker|podman|helm|oras|skopeo|crane|buildah|nerdctl)$/.test(program))
    return words.slice(0, at).some((part) => bare(part) === "login") && isPassword(next);
  return word === "-p" && !otherP.test(program) && program === "" && looksTyped(bare(next ?? ""));
}

/** A bare `-p x` of an unknown program: only when x mixes letters and digits as passwords do. */
function looksTyped(text: string): boolean {
  return (
    /^[\w!@#%^&*+=?-]{5,64}$/.test(text) &&
    /[a-z]/i.test(text) &&
    /\d/.test(text) &&
    !/^v?\d+|^\w+-\w+-/.test(text) &&
    isPassword(text)
  );
}

function isUserPassword(word: string | undefined): boolean {
  const text = bare(word ?? "");
  const colon = text.indexOf(":");
  return (
    colon >= 0 &&
    !/^["']?\$/.test(word ?? "") &&
    isPassword(text.slice(colon + 1)) &&
    !/^\d+$/.test(text.slice(colon + 1))
  );
}

/** Programs that take a password by place: `rabbitmqctl add_user u x`, `vault login x`, `… set requirepass x`. */
function programSecret(program: string, words: readonly string[], at: number, word: string): boolean {
  const place = (offset: number): string | undefined => words[at + offset];
  if (/^set$/i.test(word) && /^config(?:ure)?$/i.test(words[at - 1] ?? "")) {
    const name = bare(place(1) ?? "").replace(/^\S*:/, "");
    const kind = classifyName(name);
    return (
      (kind === "secret" || kind === "password") &&
      !name.includes("=") &&
      wordsOf(name).length > 0 &&
      isPassword(place(2))
    );
  }
  switch (program) {
    case "rabbitmqctl":
      return /^(?:add_user|change_password)$/.test(word) && isPassword(place(2));
    case "vault":
      return /^(?:login|unseal)$/.test(word) && isPassword(place(1)) && !/[=]/.test(place(1) ?? "");
    case "mc":
      return word === "set"
        ? isPassword(place(4))
        : word === "add" && /^https?:/.test(place(2) ?? "") && isPassword(place(4));
    case "htpasswd":
      return /^-[a-zA-Z]*b[a-zA-Z]*$/.test(word) && isPassword(words.at(-1));
    default:
      return pipedSecret(words, at, word);
  }
}

/** `echo x | docker login --password-stdin`, `echo user:x | chpasswd`, `-passout pass:x`. */
function pipedSecret(words: readonly string[], at: number, word: string): boolean {
  if (/^pass:[^\s"']+$/.test(word)) return isPassword(word.slice(5));
  if (word !== "echo" && word !== "printf") return false;
  const bar = words.indexOf("|", at);
  if (bar < 0 || bar > at + 4) return false;
  const target = words.slice(bar + 1, bar + 12);
  if (target.some((part) => /^--?(?:password|token)-stdin/.test(part))) return isPassword(words[bar - 1]);
  return target[0] === "chpasswd" && isUserPassword(words[bar - 1]);
}
