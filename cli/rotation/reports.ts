import type Docker from "dockerode";
import * as z from "zod";
import type { Observed } from "../../components/cluster/swarm/observe.ts";
import type { Held } from "../../components/rotation/facts.ts";

/** What each running task says that it holds: by task, then by secret. Tasks that have said nothing yet are missing. */
export type Reports = ReadonlyMap<string, ReadonlyMap<string, Held>>;

/** The line that a service prints when it has checked its secrets (`runtime/`). */
const reportSchema = z.object({
  event: z.literal("secrets.report"),
  secrets: z.array(z.object({ name: z.string(), active: z.number().nullable(), live: z.array(z.number()) })),
});

/**
 * Reads the reports of all running tasks, side by side, from their logs: Swarm brings them from whatever node a task
 * is on. Services that hold no secret, or never say what they hold, are not asked.
 */
export async function readReports(docker: Docker, observed: Observed): Promise<Reports> {
  const tasks = observed.services.filter(({ spec }) => spec.size > 0).flatMap(({ tasks }) => tasks);
  const reports = await Promise.all(
    tasks
      .filter(({ ready, silent }) => ready && !silent)
      .map(async ({ id }) => [id, lastReport(await taskLog(docker, id))] as const),
  );
  return new Map(reports.flatMap(([id, report]) => (report === undefined ? [] : [[id, report]])));
}

/** Lines of a task's log that are events of these names, the oldest first. */
export async function readEvents(docker: Docker, task: string, names: readonly string[]): Promise<readonly object[]> {
  const log = await taskLog(docker, task);
  return log
    .split("\n")
    .map((line) => json(line.slice(Math.max(0, line.indexOf("{")))))
    .filter((event): event is object => named.safeParse(event).success)
    .filter((event) => names.includes((event as z.infer<typeof named>).event));
}

const named = z.looseObject({ event: z.string() });

function lastReport(log: string): ReadonlyMap<string, Held> | undefined {
  const lines = log.split("\n").filter((line) => line.includes('"secrets.report"'));
  for (const line of lines.reverse()) {
    const parsed = reportSchema.safeParse(json(line.slice(line.indexOf("{"))));
    if (parsed.success) {
      return new Map(parsed.data.secrets.map(({ name, active, live }) => [name, { live, active: active ?? 0 }]));
    }
  }
  return undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The task's standard output, without Docker's frame headers (8 bytes: stream, 3 zeros, length). */
async function taskLog(docker: Docker, task: string): Promise<string> {
  const stream = await new Promise<unknown>((done, fail) => {
    docker.modem.dial(
      {
        path: `/tasks/${task}/logs?stdout=1&follow=0`,
        method: "GET",
        isStream: true,
        statusCodes: { 200: true, 404: "no such task", 500: "server error" },
      },
      (error: unknown, data: unknown) => {
        if (error === null || error === undefined) done(data);
        else fail(error instanceof Error ? error : new Error("the task's log can't be read"));
      },
    );
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return withoutHeaders(Buffer.concat(chunks));
}

/** Docker API, "Attach to a container", stream format. */
export function withoutHeaders(framed: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= framed.length;) {
    const length = framed.readUInt32BE(at + 4);
    parts.push(framed.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString("utf8");
}
