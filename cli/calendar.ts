import { Command } from "commander";
import ical, { ICalAlarmType, ICalEventTransparency } from "ical-generator";
import { secretSpecs } from "../components/catalog/grants.ts";
import { needsPlace } from "./place.ts";
import { look } from "./rotation/situation.ts";
import { openStack } from "./stack.ts";
import { statusOf, type SecretStatus } from "./status.ts";
import { writeWhole } from "./wholeFile.ts";

/** `calendar`: when what is due, for the calendar that people look at anyway. */
export function calendarCommand(): Command {
  return new Command("calendar")
    .description(
      "write the due dates as a calendar (.ics, RFC 5545): one all-day event for each secret. Import it again after a rotation: " +
        "an event keeps its identity, and moves",
    )
    .option("--stack <name>", "the stack", "dev")
    .option("--out <file>", "write it there, in one step, instead of to standard output")
    .action(async ({ stack, out }: { stack: string; out?: string }) => {
      const context = openStack(stack);
      needsPlace("calendar", context);
      const calendar = calendarOf(stack, statusOf(await look(context), new Date()));
      if (out === undefined) process.stdout.write(calendar);
      else await writeWhole(out, calendar);
    });
}

/** Days before the due date on which calendars remind. */
const reminders = [30, 7, 1];

/**
 * The calendar of a stack's due dates. The same secrets give the same bytes: a generation's creation is when its event was last
 * revised, its number is the revision's.
 */
export function calendarOf(stack: string, all: readonly SecretStatus[]): string {
  const calendar = ical({ name: `Secrets of ${stack}`, prodId: "//goimg-secrets//due dates//EN" });
  for (const { secret, active, generations, due } of all) {
    const { owner, period, kind } = secretSpecs[secret];
    const createdAt = generations.find(({ generation }) => generation === active)?.createdAt ?? due;
    const event = calendar.createEvent({
      id: `${secret}.${stack}@goimg-secrets`,
      stamp: new Date(createdAt),
      sequence: active,
      allDay: true,
      start: new Date(due),
      summary: `Rotate ${secret} (${stack})`,
      description: [
        `Generation ${active} comes to the end of its ${period}. Owner: ${owner}.`,
        ...(kind === "external" ? ["Its issuer gives the new value."] : []),
        `npx goimg-secrets rotate ${secret} --stack ${stack}${kind === "external" ? " --value-stdin" : ""}`,
      ].join("\n"),
      transparency: ICalEventTransparency.TRANSPARENT,
    });
    for (const days of reminders) event.createAlarm({ type: ICalAlarmType.display, trigger: days * 86_400 });
  }
  // RFC 5545, section 3.1: the last line ends as well, which the library leaves out.
  return `${calendar.toString()}\r\n`;
}
