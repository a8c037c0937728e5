import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addPeriod,
  due,
  formatDuration,
  InvalidDuration,
  parseDuration,
  parsePeriod,
} from "../../../components/rotation/schedule.ts";

const day = (text: string): Date => new Date(`${text}T08:30:00Z`);

describe("periods are the calendar's, in UTC", () => {
  test.each([
    ["2026-01-15", "3 months", "2026-04-15"],
    ["2026-08-31", "6 months", "2027-02-28"],
    ["2027-08-31", "6 months", "2028-02-29"],
    ["2026-11-30", "3 months", "2027-02-28"],
    ["2024-02-29", "12 months", "2025-02-28"],
    ["2024-02-29", "1 year", "2025-02-28"],
    ["2026-03-28", "90 days", "2026-06-26"],
    ["2026-12-31", "2 weeks", "2027-01-14"],
  ])("%s and %s is %s", (from, period, to) => {
    expect(addPeriod(day(from), period)).toEqual(day(to));
  });

  test("a period never ends before it begins, nor more than a month's difference away", () => {
    const dates = fc.date({ min: day("2000-01-01"), max: day("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(dates, fc.integer({ min: 1, max: 48 }), (from, months) => {
        const days = (addPeriod(from, `${months} months`).getTime() - from.getTime()) / 86_400_000;
        expect(days).toBeGreaterThanOrEqual(months * 30.4375 - 4);
        expect(days).toBeLessThanOrEqual(months * 30.4375 + 4);
      }),
    );
  });

  test.each(["", "6", "0 months", "-1 months", "1.5 months", "six months", "6 hours", "6  months", "months"])(
    "%j is not a period",
    (text) => {
      expect(() => parsePeriod(text)).toThrow(InvalidDuration);
    },
  );
});

describe("due", () => {
  const created = day("2026-01-31");
  test.each<[string, number, number, boolean]>([
    ["2026-01-31", 0, 89, false],
    ["2026-04-29", 88, 1, false],
    ["2026-04-30", 89, 0, true],
    ["2026-05-02", 91, -2, true],
  ])("on %s it is %i days old and due in %i days", (now, ageDays, inDays, overdue) => {
    const at = day("2026-04-30");
    expect(due("DB_PASSWORD", created, "3 months", day(now))).toEqual({
      secret: "DB_PASSWORD",
      at,
      ageDays,
      inDays,
      overdue,
    });
  });

  test("a moment before the end of the period is not overdue", () => {
    const moment = new Date(day("2026-04-30").getTime() - 1);
    expect(due("JWT_KEY", created, "3 months", moment)).toMatchObject({ inDays: 0, overdue: false });
  });
});

describe("durations", () => {
  test.each([
    ["24h", 86_400_000],
    ["1d", 86_400_000],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["0", 0],
    ["0s", 0],
  ])("%s is %i ms", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each(["", "24", "h", "1.5h", "-1h", "1m1h", "24 h", "1w"])("%j is not a duration", (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidDuration);
  });

  test("what is written can be read back", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
    expect(formatDuration(93_784_000)).toBe("1d2h3m4s");
    expect(formatDuration(0.5)).toBe("1ms");
  });
});
