import type { Context, Settings } from "./rule.ts";

/** Settings of every policy, beside its own and the engine's `enforcementLevel`. */
export const commonSettings: Settings = {
  allow: {
    type: "array",
    default: [],
    description: "exceptions; each needs a reason and ends by itself",
    items: {
      type: "object",
      required: ["resource", "rule", "reason", "expires"],
      additionalProperties: false,
      properties: {
        resource: { type: "string", minLength: 1, description: "pattern of the URN or name; * stands for any text" },
        rule: { type: "string", minLength: 1, description: "the rule in the violation's brackets; * for any" },
        reason: { type: "string", minLength: 10 },
        expires: { type: "string", pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description: "last day, UTC" },
      },
    },
  },
  production: {
    type: "array",
    default: ["prod", "production", "aws", "app", "*-prod", "*-production"],
    items: { type: "string", minLength: 1 },
    description: "patterns of the names of stacks that are production",
  },
};

/** The names of the settings that are not in a policy's schema: the engine drops these without a word. */
export function unknownSettings(schema: Settings, given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(given).filter((key) => !Object.hasOwn(schema, key) && !Object.hasOwn(commonSettings, key));
}

/** A number, whose default and bounds the schema has. */
export function numberSetting(context: Context, schema: Settings, key: string): number {
  const value = context.settings[key] ?? schema[key]?.default;
  if (typeof value !== "number") throw new Error(`the setting ${key} must be a number`);
  return value;
}

/** A list of texts. */
export function listSetting(settings: Context["settings"], schema: Settings, key: string): readonly string[] {
  const value = settings[key] ?? schema[key]?.default ?? [];
  if (!Array.isArray(value)) throw new Error(`the setting ${key} must be a list`);
  return value.filter((item): item is string => typeof item === "string");
}

/** An object by name. */
export function recordSetting(context: Context, key: string): Readonly<Record<string, unknown>> {
  const value = context.settings[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** Whether a text matches a pattern in which `*` stands for any text. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let position = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return position <= text.length - last.length;
}
