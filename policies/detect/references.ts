import { isMask } from "./values.ts";

/**
 * References: text that stands for a value kept elsewhere. The forms of compose, shells, Kubernetes, Helm and Jinja,
 * CI systems, CloudFormation, Terraform, Spring, and the schemes of secret stores.
 */

/** A scheme counts when it holds the name of a store: `aws:secretsmanager:…`, `ref+vault://…`, `docker-secret:…`. */
const schemes =
  /^(?=[^/]*?(?:secret|vault|ssm|kms|param|keyvault|keyring|keychain|doppler|infisical|conjur|akeyless|berglas|chamber|pulumi|sops|lastpass|keepass|kube|k8s|configmap|bitwarden|(?:^|[:+-])(?:op|sm|gsm|akv|kv|bws?|env|envvar|file|fromfile|valuefrom|gcpsm|awssm):))[a-z][\w+-]{0,40}(?::[a-z][\w+-]{0,40}){0,3}:\/{0,3}[\w.{}$][\w./:@#?=&+ {}$-]*$/i;
const wrapped = [
  /^\$\$?(?![a-z]+\d+[a-z]+\d*[a-z]*\d*$)[A-Za-z_][A-Za-z0-9_.]*$/, // $VAR, $$VAR, but no $ecr3t
  /^\$\$?\([^()]*(?:\([^()]*\)[^()]*)*\)$/, // $(VAR), $(command)
  /^`[^`]*`$/, // `command`
  /^\{\{[^{}]*\}\}$/, // {{ helm, jinja, vault, resolve:… }}
  /^\$\{\{[^{}]*\}\}$/, // ${{ secrets.X }}
  /^\{%[^%]*%\}$/,
  /^<%=?[^%]*%>$/,
  /^#\{[^{}]*\}#?$/, // Azure DevOps, Octopus, Ruby
  /^[$%#@&!]{1,2}_{0,2}[A-Za-z]{0,20}\{[^{}]{1,200}\}#?$/, // %{X}, Grafana's $__file{…}
  /^\{[$%#@][\w.:-]+\}$/, // {$X} of Caddy
  /^@\.{0,2}\/[\w./-]+$/, // @/run/secrets/x of curl
  /^%\([A-Za-z_][\w.]*\)s$/, // Python
  /^%[A-Za-z_][\w]*%$/, // Windows
  /^%env\([^()]*\)%$/, // Symfony
  /^@Microsoft\.KeyVault\([^()]*\)$/,
  /^ENC\[[^\]]*\]$/, // sops
  /^(?:ENC|DEC|enc)\([^()]*\)$/, // jasypt
  /^\{cipher\}\S*$/, // Spring Cloud Config
  /^encrypted:/, // dotenvx
  /^vault:v\d+:/, // Vault transit
  /^!(?:Ref|Sub|GetAtt|ImportValue|secret|vault|env|env_var|reference)\b/i,
  /^(?:var|local|data|module|each|random_password|random_string|random_id|aws_[a-z_]+|google_[a-z_]+|azurerm_[a-z_]+|vault_[a-z_]+|process\.env|os\.environ|secrets|env|inputs|steps|Values|\.Values|credentials)\.[A-Za-z_][\w.[\]"'-]*$/,
  /^(?:os\.environ|os\.getenv|System\.getenv|getenv|env|ENV|process\.env|lookup|file|config|Deno\.env\.get|secret|secrets|ssm|fromFile|toSecret)(?:\.get)?\s*[([][^()[\]]{0,200}[)\]]$/,
  /^:'?"?[A-Za-z_]\w*'?"?$/, // psql variable
  /^\$\[[^[\]]*\]$/, // $[variables.x] of Azure Pipelines
  /^\(\([\w./-]+\)\)$/, // ((x)) of Concourse
  /^[A-Za-z_][\w.]*\(\s?(["'])[\w./:-]+\1\s?\)$/, // config.require("x"), a call in some program
];

/** Is the whole text a reference without a default? */
export function isReference(value: string): boolean {
  if (value.length > 4096) return false;
  if (/^\$\$?\{[^{}]*\}$/.test(value)) return defaultsOf(value).length === 0;
  if (schemes.test(value) && !/^\w+:\/\/[^/@]*:[^/@]*@/.test(value)) return true;
  return wrapped.some((form) => form.test(value)) && !/\bdefault\b/.test(value);
}

/** Does any reference stand in the text? Then what surrounds it is a template, not a value. */
export function holdsReference(value: string): boolean {
  return (
    /\$\$?\{[^}]|\$\$?\([^)]|\{\{|<%|#\{|%\([a-z_]+\)s|%[A-Z_]{2,40}%|^:'?[a-z_]+'?$|^%s$/i.test(value) ||
    /(?:^|[\s:=/"'(,;|])\$\$?(?![a-z]+\d+[a-z]+\d*[a-z]*\d*$)[A-Za-z_]\w*(?:$|[\s:=@/"'),;&?!|.\\-])|[@&?!-]\$\$?[A-Z_][A-Z0-9_]{2,}(?:$|[\s:=@/"'),;&?|])/.test(
      value,
    )
  );
}

/** A reference, a mask or a template: nothing that a reader learns a secret from. */
export function standsFor(value: string): boolean {
  return isReference(value) || isMask(value) || holdsReference(value);
}

/** A default inside an interpolation, the variable it is for, and the text with the default put in its place. */
export interface Default {
  readonly variable: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** The defaults in `${VAR:-x}`, `${VAR-x}`, `${VAR:=x}`, `${VAR:x}` and `{{ var | default("x") }}`, inner ones included. */
export function defaultsOf(value: string): Default[] {
  const found: Default[] = [];
  if (!value.includes("${") && !value.includes("{{")) return found;
  const open: number[] = [];
  for (let at = 0; at < value.length && found.length < 64; at++) {
    if (value[at] === "$" && value[at + 1] === "{") open.push(at++);
    else if (value[at] === "}" && open.length > 0) {
      const start = open.pop() ?? 0;
      const match = /^([A-Za-z_][\w.-]{0,100}?)(:?[-=]|:)([^?+].*)$/s.exec(value.slice(start + 2, at));
      const inner = match?.[3] ?? "";
      if (
        match?.[1] !== undefined &&
        !inner.startsWith("?") &&
        !/^(?:\d+(?::\d+)?|[-=]?)$/.test(inner) &&
        !isStorePrefix(match[1], match[2])
      ) {
        found.push({ variable: match[1], value: inner, start, end: at + 1 });
      }
    }
  }
  for (const match of value.matchAll(
    /\{\{([^{}]{0,200})\bdefault[\s(]{1,4}(["'])([^"'{}]{1,200})\2[^{}]{0,100}\}\}/g,
  )) {
    const variable = /[A-Za-z_]\w*/.exec(match[1] ?? "")?.[0] ?? "";
    found.push({ variable, value: match[3] ?? "", start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** `${ssm:/path}` and `${env:VAR}` name a store, not a variable with a default. */
function isStorePrefix(variable: string, operator: string | undefined): boolean {
  return (
    operator === ":" &&
    /^(?:ssm|env|file|cf|s3|self|opt|param|vault|secretsManager|sm|awssm|base64|sys|resolve|aws|op|kv)$/i.test(variable)
  );
}

/** The text with every default in place of its interpolation. */
export function withDefaults(value: string): string {
  let text = value;
  for (let round = 0; round < 4; round++) {
    const next = defaultsOf(text)[0];
    if (next === undefined) return text;
    text = text.slice(0, next.start) + next.value + text.slice(next.end);
  }
  return text;
}
