import { readFile, stat } from "node:fs/promises";
import { OperatorError } from "../error.ts";
import { isLoopback } from "../loopback.ts";

/** Where an alert goes. */
export type Place =
  | { readonly kind: "webhook"; readonly url: string }
  /** `to` are the addresses. */
  | { readonly kind: "mail"; readonly to: readonly string[] };

/** What a file of places has to hold. */
const expected = "a line holds an https address (http on this machine alone) or mailto:somebody@example.com";

/**
 * The places of a file, one on each line; `#` begins a comment. Only its owner may read it: who has a chat service's webhook may
 * write to the channel, so the address is a secret, and goes neither into an argument nor into a unit file.
 *
 * @throws OperatorError with everything that is wrong: it can't be read, is open to others, is empty, or which lines are no address
 */
export async function readPlaces(file: string): Promise<readonly Place[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new OperatorError(
      `--alert-file ${file} can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
      2,
    );
  }
  const { mode } = await stat(file);
  const lines = text
    .split("\n")
    .map((line, index) => ({ number: index + 1, text: line.trim() }))
    .filter((line) => line.text !== "" && !line.text.startsWith("#"));
  const places = lines.map((line) => ({ ...line, place: placeOf(line.text) }));
  const wrong = places.filter(({ place }) => place === undefined);
  const problems = [
    ...((mode & 0o077) === 0 ? [] : [`others may read it: chmod 600 ${file}`]),
    ...(lines.length === 0 ? [`it is empty: ${expected}`] : []),
    ...wrong.map(({ number }) => `line ${number}: ${expected}`),
  ];
  if (problems.length > 0) throw new OperatorError(`--alert-file ${file}: ${problems.join("; ")}`, 2);
  return places.flatMap(({ place }) => (place === undefined ? [] : [place]));
}

function placeOf(text: string): Place | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, pathname } = new URL(text);
  if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return { kind: "webhook", url: text };
  if (protocol !== "mailto:") return undefined;
  const to = decodeURIComponent(pathname).split(",");
  return to.every((address) => /^[^\s@<>,"]+@[^\s@<>,"]+$/.test(address)) ? { kind: "mail", to } : undefined;
}
