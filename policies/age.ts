import { findSecret, secretSpecs } from "../components/catalog/grants.ts";
import { numberAt, textAt } from "./model/properties.ts";
import type { Context, Resource, Rule, Settings, Violation } from "./model/rule.ts";
import { numberSetting, recordSetting } from "./model/settings.ts";
import { stateFileSetting } from "./state/read.ts";
import { activeGenerations, creationTimes, generationsIn, type Generation } from "./state/generations.ts";

const settings: Settings = {
  months: {
    type: "object",
    additionalProperties: { type: "integer", minimum: 1, maximum: 24 },
    description: "months between rotations, by secret, in place of the catalog's",
  },
  defaultMonths: {
    type: "integer",
    default: 12,
    minimum: 1,
    maximum: 24,
    description: "months between rotations of a secret that the catalog does not have",
  },
  graceDays: {
    type: "integer",
    default: 14,
    minimum: 0,
    maximum: 90,
    description: "days past its period after which a generation blocks updates of production",
  },
  retainHours: {
    type: "integer",
    default: 72,
    minimum: 24,
    maximum: 720,
    description: "hours for which a generation may stay live after a newer one was created",
  },
  stateFile: stateFileSetting,
  since: {
    type: "object",
    additionalProperties: {
      type: "object",
      additionalProperties: { type: "string", pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
    },
    description: 'first day of generations, by secret and number: { "DB_PASSWORD": { "2": "2026-09-01" } }',
  },
};

const hour = 60 * 60 * 1000;

/**
 * Warns of a generation in use past its period, and blocks production past its period and grace. Also refuses an old
 * generation that stays live long after a newer one exists: a rotation that was not finished.
 *
 * The age is the time since the generation's resource was created, which only the state knows.
 */
export const age: Rule = {
  name: "age",
  description: "Secrets are rotated in time, and old generations retired.",
  level: "mandatory",
  settings,
  stack: (resources, context) => {
    const generations = generationsIn(resources);
    const state = context.state();
    const since = declaredDates(context);
    if (generations.length > 0 && state === undefined && since.size === 0) return [unknownAges(generations)];
    const created = creationTimes(state);
    const dates = new Map(
      generations.flatMap((generation): [Generation, Date][] => {
        const known = [
          since.get(`${generation.secret}.${generation.number}`),
          ...generation.urns.map((u) => created.get(u)),
        ];
        const times = known.flatMap((date) => (date === undefined ? [] : [date.getTime()]));
        // What is not in the state yet is being created now.
        return times.length === 0 ? [] : [[generation, new Date(Math.min(...times))]];
      }),
    );
    return [...overdue(resources, dates, context), ...retained(generations, dates, context)];
  },
};

function unknownAges([first]: readonly Generation[]): Violation {
  return {
    rule: "unknown-age",
    message: "ages are not known: a policy can't read this backend; set stateFile to an export of the state, or since",
    urn: first?.urn ?? "",
    advisory: true,
  };
}

function overdue(
  resources: readonly Resource[],
  dates: ReadonlyMap<Generation, Date>,
  context: Context,
): readonly Violation[] {
  const active = activeGenerations(resources);
  const graceDays = numberSetting(context, settings, "graceDays");
  return [...dates].flatMap(([generation, created]): Violation[] => {
    const { secret, number, urn } = generation;
    if (number !== (active.get(secret) ?? newestOf(secret, [...dates.keys()]))) return [];
    const period = months(secret, context);
    const due = addMonths(created, period);
    const limit = new Date(due.getTime() + graceDays * 24 * hour);
    if (context.now <= due) return [];
    const blocks = context.production && context.now > limit;
    const text = `generation ${number} of ${secret} was due for rotation on ${day(due)} (every ${period} months)`;
    const then = context.production ? `; from ${day(limit)} on it blocks updates` : "";
    return [
      {
        rule: blocks ? "expired" : "overdue",
        message: `${text}${blocks ? ` and its ${graceDays} days of grace are over` : then}: run goimg-secrets rotate ${secret}`,
        urn,
        ...(blocks ? {} : { advisory: true as const }),
      },
    ];
  });
}

function retained(
  generations: readonly Generation[],
  dates: ReadonlyMap<Generation, Date>,
  context: Context,
): readonly Violation[] {
  const hours = numberSetting(context, settings, "retainHours");
  return generations.flatMap((generation): Violation[] => {
    const { secret, number, urn } = generation;
    const successors = generations.filter((other) => other.secret === secret && other.number > number);
    const times = successors.flatMap((other) => dates.get(other)?.getTime() ?? []);
    if (times.length === 0 || context.now.getTime() - Math.min(...times) <= hours * hour) return [];
    return [
      {
        rule: "retained",
        message: `generation ${number} of ${secret} is still live more than ${hours} hours after its successor was created: finish the rotation, and retire it`,
        urn,
        ...(context.production ? {} : { advisory: true as const }),
      },
    ];
  });
}

function newestOf(secret: string, generations: readonly Generation[]): number {
  return Math.max(...generations.filter((other) => other.secret === secret).map(({ number }) => number));
}

function months(secret: string, context: Context): number {
  const configured = numberAt(recordSetting(context, "months"), secret);
  if (configured !== undefined) return configured;
  const known = findSecret(secret);
  if (known === undefined) return numberSetting(context, settings, "defaultMonths");
  return Number.parseInt(secretSpecs[known].period, 10);
}

function declaredDates(context: Context): ReadonlyMap<string, Date> {
  const since = recordSetting(context, "since");
  return new Map(
    Object.entries(since).flatMap(([secret, byGeneration]) =>
      Object.keys(byGeneration ?? {}).flatMap((number): [string, Date][] => {
        const date = Date.parse(`${textAt(since, secret, number) ?? ""}T00:00:00Z`);
        return Number.isNaN(date) ? [] : [[`${secret}.${number}`, new Date(date)]];
      }),
    ),
  );
}

/** The same day, months later; the last day of a shorter month. */
export function addMonths(from: Date, count: number): Date {
  const date = new Date(from);
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + count);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(from.getUTCDate(), last));
  return date;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);
