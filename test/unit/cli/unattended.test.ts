import { beforeEach, describe, expect, test } from "vitest";
import { OperatorError } from "../../../cli/error.ts";
import { retried } from "../../../cli/unattended.ts";

describe("an unattended run that fails", () => {
  const lines: string[] = [];
  const report = (line: string): void => void lines.push(line);
  beforeEach(() => {
    lines.length = 0;
  });

  /** Fails so many times, with that exit code. */
  const failing = (
    times: number,
    exitCode = 1,
  ): { readonly work: () => Promise<string>; readonly runs: () => number } => {
    let runs = 0;
    return {
      work: async () => {
        runs += 1;
        await Promise.resolve();
        if (runs <= times) throw new OperatorError(`failure ${runs}`, exitCode);
        return "done";
      },
      runs: () => runs,
    };
  };

  test("is tried again, after pauses that grow", async () => {
    const { work, runs } = failing(3);
    const began = performance.now();
    expect(await retried(work, { tries: 5, pause: 20, report })).toBe("done");
    expect(runs()).toBe(4);
    expect(performance.now() - began).toBeGreaterThanOrEqual(20 + 40 + 80 - 5);
    expect(lines.map((line) => line.split("\n")[1])).toEqual([
      "trying again in 20ms, 4 more times",
      "trying again in 40ms, 3 more times",
      "trying again in 80ms, 2 more times",
    ]);
  });

  test("fails for good with its last reason", async () => {
    const { work, runs } = failing(9);
    await expect(retried(work, { tries: 3, pause: 1, report })).rejects.toThrow("failure 3");
    expect(runs()).toBe(3);
  });

  test.each([
    ["a wrong command", 2, 5],
    ["one try", 1, 1],
  ])("is not tried again after %s", async (_, exitCode, tries) => {
    const { work, runs } = failing(9, exitCode);
    await expect(retried(work, { tries, pause: 1, report })).rejects.toThrow("failure 1");
    expect(runs()).toBe(1);
    expect(lines).toEqual([]);
  });

  test("is not tried again when it is a fault of ours", async () => {
    let runs = 0;
    const work = async (): Promise<never> => {
      runs += 1;
      await Promise.resolve();
      throw new RangeError("not foreseen");
    };
    await expect(retried(work, { tries: 5, pause: 1, report })).rejects.toThrow("not foreseen");
    expect(runs).toBe(1);
  });
});
