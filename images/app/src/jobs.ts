/**
 * The worker's queue in PostgreSQL. A job is a row; taking it locks it for the length of the work (SKIP LOCKED keeps
 * workers apart), so a worker that is killed gives it back. NOTIFY wakes the worker; nothing polls.
 */
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Database } from "./database.ts";
import { JOBS_CHANNEL } from "./library.ts";
import { failure, info } from "./log.ts";
import type { Storage } from "./storage.ts";

interface Job {
  readonly imageId: string;
  readonly objectKey: string;
}

/** Seconds until a failed job is tried again, times the tries so far; and the tries. */
const RETRY = { seconds: 5, most: 10 };

/** Takes one job and does it. `next` is when the next one is due, in milliseconds from now; null when there is none. */
export async function workOnce(
  database: Database,
  storage: Storage,
): Promise<{ worked: boolean; next: number | null }> {
  return database.transaction(async (client) => {
    const taken = await client.query<Job>(`
      SELECT jobs.image_id AS "imageId", images.object_key AS "objectKey"
      FROM jobs JOIN images ON images.id = jobs.image_id
      WHERE jobs.run_after <= now() AND jobs.tries < ${RETRY.most}
      ORDER BY jobs.run_after LIMIT 1 FOR UPDATE OF jobs SKIP LOCKED`);
    const [job] = taken.rows;
    if (job === undefined) {
      const due = await client.query<{ ms: number | null }>(
        `SELECT extract(epoch FROM min(run_after) - now())::float8 * 1000 AS ms FROM jobs WHERE tries < ${RETRY.most}`,
      );
      return { worked: false, next: due.rows[0]?.ms ?? null };
    }
    await finish(client, storage, job);
    return { worked: true, next: 0 };
  });
}

async function finish(client: pg.PoolClient, storage: Storage, { imageId, objectKey }: Job): Promise<void> {
  let body: Buffer | null;
  try {
    body = await storage.get(objectKey);
  } catch (error) {
    failure("job.failed", error, { image: imageId });
    await client.query(
      `UPDATE jobs SET tries = tries + 1, run_after = now() + (tries + 1) * interval '${RETRY.seconds} seconds'
       WHERE image_id = $1`,
      [imageId],
    );
    return;
  }
  if (body !== null) {
    const sha256 = createHash("sha256").update(body).digest("hex");
    await client.query("UPDATE images SET sha256 = $2, bytes = $3 WHERE id = $1", [imageId, sha256, body.length]);
  }
  await client.query("DELETE FROM jobs WHERE image_id = $1", [imageId]);
  info("job.done", { image: imageId, found: body !== null });
}

/** Tells of new jobs: emits `job` for each notification and each time that it has (re)connected. */
export async function listen(options: pg.ClientConfig, events: EventEmitter, signal: AbortSignal): Promise<void> {
  const stopped = (): boolean => signal.aborted;
  for (let delay = 100; !stopped(); delay = Math.min(delay * 2, 2000)) {
    const client = new pg.Client(options);
    const ended = new Promise<void>((resolve) => {
      client.once("end", resolve);
    });
    client.on("error", () => undefined);
    client.on("notification", () => events.emit("job"));
    const stop = (): void => void client.end();
    try {
      await client.connect();
      await client.query(`LISTEN ${JOBS_CHANNEL}`);
      delay = 100;
      // What was added while nobody listened.
      events.emit("job");
      signal.addEventListener("abort", stop, { once: true });
      if (stopped()) stop();
      await ended;
    } catch (error) {
      failure("queue.connection-lost", error);
      await client.end().catch(() => undefined);
    }
    signal.removeEventListener("abort", stop);
    if (!stopped()) await sleep(delay);
  }
}

/** Works until `signal`; the job at hand is finished first. */
export async function work(
  database: Database,
  storage: Storage,
  events: EventEmitter,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // Armed before the look: a notification during it must not be missed.
    const rest = new AbortController();
    const woken = once(events, "job", { signal: AbortSignal.any([signal, rest.signal]) }).catch(() => undefined);
    const { worked, next } = await workOnce(database, storage).catch((error: unknown) => {
      failure("queue.failed", error);
      return { worked: false, next: 1000 };
    });
    if (!worked) {
      const due =
        next === null ? [] : [sleep(Math.max(next, 50), undefined, { signal: rest.signal }).catch(() => undefined)];
      await Promise.race([woken, ...due]);
    }
    rest.abort();
  }
}
