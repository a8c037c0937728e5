/** Shapes of values that are no secret, whatever they are called. All patterns are linear. */

/** Pulumi's stand-in for a string that is not known yet. */
const unknownOutput = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const plainValues =
  /^(?:true|false|yes|no|on|off|y|n|enabled?|disabled?|null|nil|none|undefined|n\/?a|auto|read|write|unset|empty|optional|required|tbd|todo|[01])$/i;
const extension =
  /\.(?:pem|key|crt|cert|cer|txt|json|jks|p12|pfx|ya?ml|env|conf|cfg|ini|csv|pub|kdbx|asc|gpg|keytab|toml|properties|htpasswd|db|sock|der|ppk|secret|token|keystore|truststore|xml|hcl)$/i;

/** Removes blanks and one pair of quotes. */
export function unquote(value: string): string {
  const text = value.trim();
  const first = text[0];
  return text.length >= 2 && (first === '"' || first === "'") && text.endsWith(first) ? text.slice(1, -1) : text;
}

/** Booleans, nothings and the like. */
export function isPlainValue(value: string): boolean {
  return value === "" || value === unknownOutput || plainValues.test(value);
}

/** Numbers, sizes, durations, ratios, dates. */
export function isQuantity(value: string): boolean {
  return (
    /^[-+]?\d{1,20}(?:[.,]\d{1,10})?\s?(?:%|ns|us|ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|d|days?|w|weeks?|y|[kmgt]i?b?|b|bytes)?$/i.test(
      value,
    ) ||
    /^(?:\d{1,6}[hms]){1,3}$/i.test(value) ||
    /^\d{1,6}\.(?:second|minute|hour|day|week|month|year)s?$/.test(value) ||
    /^\d{4}-\d\d-\d\d(?:[T ][\d:.]{5,16}(?:Z|[+-]\d\d:?\d\d)?)?$/.test(value)
  );
}

/** A mask in place of a value: `***`, `xxxxx`, `<redacted>`, `sk_live_...`. */
export function isMask(value: string): boolean {
  if (
    /^(?:[*•.x#?-]{3,}|X{3,}|<[^<>]{0,80}>|\[[^[\]"']{0,80}\]|\((?:redacted|hidden|masked|secret|sensitive|none)\))$/.test(
      value,
    )
  )
    return true;
  if (/^\[?(?:redacted|masked|filtered|sensitive)\]?$/i.test(value)) return true;
  if (/\.{3}$|…|\*{4,}|x{8,}$|[-_]x{3,}$/i.test(value) || /^[-_.=?*•]{1,2}$/.test(value)) return true;
  return /^(?:__[A-Za-z][A-Za-z0-9_]*__|@@?[A-Za-z][A-Za-z0-9_]*@@?|%%?[A-Za-z][A-Za-z0-9_]*%%?|\{[A-Za-z][\w. -]*\})$/.test(
    value,
  );
}

/** An absolute, relative or home path, a Windows path, or a bare file name with a known ending. */
export function isPath(value: string): boolean {
  if (value.length > 1024 || /\s/.test(value)) return false;
  const text = value.replace(/^(?:file|classpath|jar|fs):(?:\/\/)?/i, "");
  if (/^[A-Za-z]:[\\/]/.test(text)) return true;
  if (extension.test(text) && /^[\w@.~%+\-\\/$*]+$/.test(text)) return true;
  if (!/^(?:~|\.{1,2})?\//.test(text) || !/^[\w@.~%+\-/:,$={}*]+$/.test(text))
    return (
      (text !== value && /^[\w@.~\-/]+$/.test(text)) || /^[a-z][a-z_-]*(?:\/[a-z][a-z_-]*)+\.[a-z]{2,5}$/.test(text)
    );
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== "~" && !/^\.+$/.test(segment));
  if (segments.length === 0) return true;
  const worded = segments.filter(
    (segment) =>
      /^[a-z.$_][a-z0-9._@:-]*$/.test(segment) ||
      /^[A-Z][A-Z0-9_]*$/.test(segment) ||
      /^[A-Z]?[a-z]+(?:[A-Z._-][a-z]+)*$/.test(segment),
  );
  return worded.length * 2 > segments.length;
}

/** Certificates, public keys, digests, content ids, images: public material by its form. */
export function isPublicMaterial(value: string): boolean {
  if (/^(?:-----BEGIN |-{3,5} ?BEGIN )/.test(value)) return !value.includes("PRIVATE KEY");
  if (/^(?:\S+ )?(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-nistp\d{3}|sk-ssh-ed25519@openssh\.com) AAAA/.test(value))
    return true;
  if (/^'?(?:sha(?:1|224|256|384|512)|md5)[-:=][A-Za-z0-9+/=_-]{16,}'?$/i.test(value)) return true;
  if (/@sha256:[0-9a-f]{64}$/.test(value)) return true;
  if (/^(?:Qm[1-9A-HJ-NP-Za-km-z]{44}|baf[a-z2-7]{50,})$/.test(value)) return true;
  if (/^(?:age1[a-z0-9]{50,70}|AAAA[BCE][A-Za-z0-9+/]{20,}={0,2})$/.test(value)) return true;
  if (/^data:[a-z]+\/[a-z0-9.+-]+[;,]/i.test(value)) return true;
  if (/^(?:iVBORw0KGgo|R0lGOD|\/9j\/|H4sI|UklGR|PHN2Zy|Qk0)/.test(value)) return true;
  if (/^(?:pk_(?:live|test)_|pk\.eyJ|phc_|pub[0-9a-f]{32}$)/.test(value)) return true;
  return /\.apps\.googleusercontent\.com$/.test(value);
}

/** The address of a contract or an account on a chain; some vendors' secrets look the same. */
export function isAddress(value: string): boolean {
  return /^0x[0-9a-fA-F]{40}$/.test(value);
}

/** The fingerprint of an OpenPGP key, as images pin the keys of their downloads. */
export function isFingerprint(name: string, value: string): boolean {
  return /gpg|pgp/i.test(name) && /^(?:0x)?(?:[0-9A-F]{4} ?){4,10}$/i.test(value);
}

/** AWS, and what else names a thing elsewhere in a cloud. */
export function isCloudName(value: string): boolean {
  return (
    /^arn:aws[a-z-]*:/.test(value) || /^alias\/[\w/-]+$/.test(value) || /^projects\/[^/\s]+\/secrets\//.test(value)
  );
}

/** A URL by form; credentials in it are found elsewhere. */
export function isUrl(value: string): boolean {
  return /^[a-z][a-z0-9+.-]{1,30}:\/\/\S*$/i.test(value);
}

/** A word or a few, as they stand in modes, names and sentences: no digits, no symbols but separators. */
export function isPlainWords(value: string): boolean {
  return /^[A-Za-z]+(?:[-_./ ,:][A-Za-z]+)*[.?!:]?$/.test(value);
}

export function isUuid(value: string): boolean {
  return /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i.test(value);
}
