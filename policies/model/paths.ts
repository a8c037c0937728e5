/**
 * Paths of properties, as violations print them: `taskSpec.containerSpec.env.DB_PASSWORD`, `args[2]`.
 *
 * A key of a map is the user's, and so may itself be a secret: what does not look like a name is printed by its
 * position.
 */
export function child(path: string, key: string | number, position = 0): string {
  if (typeof key === "number") return `${path}[${key}]`;
  const shown = isName(key) ? key : `[key ${position}]`;
  return path === "" || shown.startsWith("[") ? `${path}${shown}` : `${path}.${shown}`;
}

/** Longer names exist, but so do tokens; nobody needs them to find the property. */
const longest = 48;

/** Whether a text is surely a name: short, without the mix of characters of a random value. */
export function isName(text: string): boolean {
  if (text.length > longest || !/^[A-Za-z_$@][\w$@./:-]*$/.test(text)) return false;
  if (/^[A-Z][A-Z0-9]{0,11}(?:_[A-Z0-9]{1,12})+$/.test(text)) return true;
  if (text.length < 16) return !/\d{6}|[a-z]\d[A-Z]|\d[a-zA-Z]\d[a-zA-Z]\d/.test(text);
  return text.split(/[_./:$@-]+|(?<=[a-z])(?=[A-Z])/).every((word) => /^(?:[a-zA-Z]{0,24}\d{0,3})$/.test(word));
}

/** A path in which another module put keys as they are, without those that may not be printed. */
export function withoutKeys(path: string): string {
  const shown = path.split(".").map((part) => {
    const [, key = part, indexes = ""] = /^(.*?)((?:\[\d+\])*)$/s.exec(part) ?? [];
    return key === "" || isName(key) ? part : `[key]${indexes}`;
  });
  return shown.join(".");
}
