import type { Health } from "./service.ts";

/**
 * Every image carries `goimg-job`, which asks and answers without a shell. Durations are in the form that Docker answers
 * (`1m`, not `60s`): any other is a change at every update. Docker asks for the first time one interval after the start, so
 * the interval is what a rotation waits for (and no more: the first question waits for a service that starts); each costs the node
 * some 25 ms of CPU.
 */
const probe = (command: readonly string[], interval: string, startPeriod: string): Health => ({
  command: ["goimg-job", ...command],
  interval,
  timeout: "2s",
  retries: 3,
  startPeriod,
});

/** Well when the URL answers 2xx. */
export const answersAt = (url: string): Health => probe(["http-check", url], "1s", "1m");

/** Well when the server takes connections. No rotation restarts it. */
export const acceptsConnections = (command: "pg-check" | "redis-check"): Health => probe([command], "3s", "1m");

/** Whole seconds of a duration of Docker's: `30s`, `1m`, `500ms`. */
export function seconds(duration: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(duration) ?? [];
  if (amount === undefined) throw new Error(`${duration} is no duration: write 500ms, 30s or 1m`);
  const factor = unit === "m" ? 60 : unit === "s" ? 1 : 0.001;
  return Math.ceil(Number(amount) * factor);
}
