import type { Inputs } from "../../../components/stores/provider/kind.ts";

/** A text among inputs that were checked. The SDK for JavaScript leaves out what is undefined. */
export function text(inputs: Inputs, property: string): string | undefined {
  const value = inputs[property];
  return typeof value === "string" ? value : undefined;
}

/** Tags as most of AWS takes them. */
export function tagList(inputs: Inputs): { readonly Key: string; readonly Value: string }[] {
  const tags = (inputs["tags"] ?? {}) as Readonly<Record<string, string>>;
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** An object among inputs, or an empty one. */
export const objectOf = (value: unknown): Inputs => (value ?? {}) as Inputs;

/** A list of objects among inputs, or an empty one. */
export const listOf = (value: unknown): readonly Inputs[] => (value ?? []) as readonly Inputs[];

/** Texts of a list among inputs. */
export const texts = (value: unknown): string[] => [...((value ?? []) as readonly string[])];
