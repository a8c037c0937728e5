/** One JSON line per event. An error is logged by its class and code: its message may quote what a user or server sent. */

type Fields = Readonly<Record<string, string | number | boolean | null>>;

function line(stream: NodeJS.WriteStream, level: string, event: string, fields: Fields): void {
  stream.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
}

export function info(event: string, fields: Fields = {}): void {
  line(process.stdout, "info", event, fields);
}

export function failure(event: string, error: unknown, fields: Fields = {}): void {
  line(process.stderr, "error", event, { ...describe(error), ...fields });
}

/** Name and code of an error, which are safe to print. */
export function describe(error: unknown): { error: string; code: string | null } {
  if (!(error instanceof Error)) return { error: typeof error, code: null };
  return { error: error.name, code: codeOf(error) };
}

/** `code` of a Node or PostgreSQL error; null when there is none. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
