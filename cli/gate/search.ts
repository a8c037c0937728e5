import type { SearchFact } from "./facts.ts";

/** What is wrong with what a search found, or with the search itself. */
export function searchProblems({ hits, provedByPlanted, values }: SearchFact, fix: string): readonly string[] {
  return [
    ...hits.map((hit) => `${hit}: ${fix}`),
    ...(provedByPlanted ? [] : ["the search did not find what was planted for it: its silence proves nothing"]),
    ...(values.length > 0 ? [] : ["no value of the stack was known, so that nothing was searched for"]),
  ];
}

/** A search, as evidence holds it. */
export function searchSeen({
  values,
  forms,
  places,
  bytes,
  provedByPlanted,
  hits,
}: SearchFact): Record<string, unknown> {
  return { values: values.length, forms, places, bytes, provedByPlanted, hits: hits.length };
}
