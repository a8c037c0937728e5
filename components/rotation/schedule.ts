/** Due dates and durations. Nothing here reads a clock: the present is an argument. */

const units = { day: 1, days: 1, week: 7, weeks: 7, month: 1, months: 1, year: 12, years: 12 } as const;

/** Time between rotations: `"6 months"`, `"90 days"`. Months and years are the calendar's. */
export type Period = `${number} ${keyof typeof units}`;

/** A wait: `"24h"`, `"90s"`, `"1d"`, or parts of it together: `"1h30m"`. */
export type Duration = string;

/** The text is not a period or not a duration. */
export class InvalidDuration extends Error {
  override readonly name = "InvalidDuration";
}

/** When a generation is to be replaced, and how things stand now. */
export interface Due {
  readonly secret: string;
  readonly at: Date;
  /** Whole days since the generation was made. */
  readonly ageDays: number;
  /** Whole days until `at`: 0 on the last day, negative when overdue. */
  readonly inDays: number;
  readonly overdue: boolean;
}

const msPerDay = 86_400_000;
const msPer = { d: msPerDay, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/**
 * @throws InvalidDuration unless the text is a whole number of days, weeks, months or years, at least one
 */
export function parsePeriod(period: string): { readonly months: number; readonly days: number } {
  const match = /^([1-9]\d{0,4}) (day|week|month|year)s?$/.exec(period);
  const [, count, unit] = match ?? [];
  if (count === undefined || unit === undefined) {
    throw new InvalidDuration(`"${period}" is not a period; write it as "6 months" or "90 days"`);
  }
  const amount = Number(count) * units[unit as keyof typeof units];
  return unit === "month" || unit === "year" ? { months: amount, days: 0 } : { months: 0, days: amount };
}

/**
 * The moment one period later, in UTC. The day of the month stays, or is the last of a shorter month:
 * 31 August and 6 months is 28 February (29 in a leap year).
 *
 * @throws InvalidDuration when the period can't be read
 */
export function addPeriod(from: Date, period: string): Date {
  const { months, days } = parsePeriod(period);
  const result = new Date(from);
  if (days > 0) {
    result.setUTCDate(result.getUTCDate() + days);
    return result;
  }
  const day = from.getUTCDate();
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + months);
  result.setUTCDate(Math.min(day, daysInMonth(result.getUTCFullYear(), result.getUTCMonth())));
  return result;
}

const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/**
 * When the generation made at `createdAt` is due, as seen at `now`. It is due at the very moment its period ends.
 *
 * @throws InvalidDuration when the period can't be read
 */
export function due(secret: string, createdAt: Date, period: string, now: Date): Due {
  const at = addPeriod(createdAt, period);
  return {
    secret,
    at,
    ageDays: wholeDays(now.getTime() - createdAt.getTime()),
    inDays: wholeDays(at.getTime() - now.getTime()),
    overdue: now.getTime() >= at.getTime(),
  };
}

/** Rounds down, so that a moment past due is already -1. */
const wholeDays = (milliseconds: number): number => Math.floor(milliseconds / msPerDay);

/**
 * A duration in milliseconds.
 *
 * @throws InvalidDuration unless the text is whole numbers with their units, largest first, or `"0"`
 */
export function parseDuration(duration: Duration): number {
  if (duration === "0") return 0;
  const match = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/.exec(duration);
  if (duration === "" || match === null) {
    throw new InvalidDuration(`"${duration}" is not a duration; write it as "24h", "90s" or "1h30m"`);
  }
  const [, d = 0, h = 0, m = 0, s = 0, ms = 0] = match.map((part: string | undefined) => Number(part ?? 0));
  return d * msPer.d + h * msPer.h + m * msPer.m + s * msPer.s + ms;
}

/** The duration as people write it, such as `1d2h`; `0s` for none. Parts under a second are left out above one. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${Math.ceil(milliseconds)}ms`;
  let rest = Math.max(0, Math.floor(milliseconds / 1000)) * 1000;
  const parts = (["d", "h", "m", "s"] as const).flatMap((unit) => {
    const count = Math.floor(rest / msPer[unit]);
    rest -= count * msPer[unit];
    return count > 0 ? [`${count}${unit}`] : [];
  });
  return parts.length === 0 ? "0s" : parts.join("");
}
