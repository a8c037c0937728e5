/**
 * Setting of a container whose service reads from a store by itself: which generation it reads as which file. Where nothing is
 * mounted, it is what makes a changed generation a new task, and what the gate and the guard look at.
 *
 * Rule: a setting, not a label of the container. Why: the Docker provider replaces a service whose container's labels change.
 */
export const readsSetting = "GOIMG_READS";

/** One generation that a container reads. */
export interface Read {
  readonly entry: string;
  readonly generation: number;
  /** Whether it is the one that the service uses. */
  readonly active: boolean;
}

/** `DB_PASSWORD:2,DB_PASSWORD.1:1` */
export function formatReads(files: readonly { readonly file: string; readonly generation: number }[]): string {
  return files.map(({ file, generation }) => `${file}:${generation}`).join(",");
}

/** What a container of that setting reads. */
export function parseReads(setting: string): readonly Read[] {
  return [...setting.matchAll(/([A-Z][A-Z0-9_]*)(\.\d+)?:(\d+)/g)].map(([, entry = "", suffix, generation]) => ({
    entry,
    generation: Number(generation),
    active: suffix === undefined,
  }));
}

/** What a container of these settings (`NAME=value`) reads by itself; nothing where its secrets are mounted. */
export function readsIn(env: readonly string[]): readonly Read[] {
  const prefix = `${readsSetting}=`;
  return parseReads(env.find((one) => one.startsWith(prefix))?.slice(prefix.length) ?? "");
}
