import { InvalidArgumentError } from "commander";
import { InvalidDuration, parseDuration } from "../components/rotation/schedule.ts";

/**
 * Parses the argument of an option: a duration such as `24h`, in milliseconds.
 *
 * @throws InvalidArgumentError with how to write one
 */
export function milliseconds(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof InvalidDuration) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
