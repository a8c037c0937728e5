/** How a secret's value stands in a text: as it is, or encoded for a URL or for JSON. */
export type Encoding = "raw" | "url" | "urlStrict" | "urlLower" | "json";

const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Each encoding, as a function of the value. */
export const encoders: Readonly<Record<Encoding, (value: string) => string>> = {
  raw: (value) => value,
  url: encodeURIComponent,
  urlStrict: strict,
  urlLower: (value) => strict(value).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  json: (value) => JSON.stringify(value).slice(1, -1),
};

/** The value that an encoded text stands for, and the encoding that gives exactly this text again. */
export function decode(
  text: string,
  kind: "raw" | "url" | "json",
): { readonly value: string; readonly encoding: Encoding } {
  const raw = { value: text, encoding: "raw" } as const;
  if (kind === "raw") return raw;
  let value: string;
  try {
    value = kind === "url" ? decodeURIComponent(text) : (JSON.parse(`"${text}"`) as string);
  } catch {
    return raw;
  }
  if (value === text) return raw;
  const encodings: readonly Encoding[] = kind === "json" ? ["json"] : ["url", "urlStrict", "urlLower"];
  const encoding = encodings.find((each) => encoders[each](value) === text);
  return encoding === undefined ? raw : { value, encoding };
}
