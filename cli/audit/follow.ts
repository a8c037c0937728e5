/** Swarm events into the audit log, as they happen. */
import type Docker from "dockerode";
import type { StackContext } from "../stack.ts";
import { recordSwarmAlone } from "./swarm.ts";

/** Events that come together are one look, this many milliseconds after the last of them. */
const settle = 500;

interface SwarmEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * Writes what changes in the Swarm into the audit log until `signal`, or until the engine ends the stream. What changed before, while
 * nobody listened, is written first.
 */
export async function followSwarm(
  context: StackContext,
  signal: AbortSignal,
  report: (line: string) => void,
): Promise<void> {
  const filters = { type: ["secret", "service"], scope: ["swarm"] } satisfies Docker.GetEventsOptions["filters"];
  const stream = await context.docker.getEvents({ filters, abortSignal: signal });
  const look = async (reason: string): Promise<void> => {
    const added = await recordSwarmAlone(context, reason, report);
    if (added > 0) report(`${added} ${added === 1 ? "change" : "changes"} written (${reason})`);
  };
  await look("before goimg-secrets audit --follow");
  report("following the Swarm's events");
  let heard = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  // One look at a time, each after the one before.
  let looking: Promise<void> = Promise.resolve();
  const later = (): void => {
    const reason = `event: ${[...heard].join(", ")}`;
    heard = new Set();
    looking = looking.then(() => look(reason));
  };
  try {
    for await (const event of lines(stream)) {
      heard.add(`${event.Type ?? "?"} ${event.Action ?? "?"} ${event.Actor?.Attributes?.["name"] ?? ""}`.trim());
      clearTimeout(timer);
      timer = setTimeout(later, settle);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    if (heard.size > 0) later();
    await looking;
  }
}

/** The stream's JSON objects, one a line, however it is cut into pieces. */
async function* lines(stream: NodeJS.ReadableStream): AsyncGenerator<SwarmEvent> {
  let rest = "";
  for await (const piece of stream) {
    const parts = `${rest}${String(piece)}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part.trim() !== "") yield JSON.parse(part) as SwarmEvent;
  }
}
