import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OperatorError } from "../../../cli/error.ts";
import { readAlertUrl, retried, sendAlert } from "../../../cli/unattended.ts";
import { fakeServer } from "../../fakes/http.ts";

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

describe("the alert", () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "goimg-alert-"));
    file = path.join(directory, "webhook");
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  test("goes to the address in the file, again while the webhook is busy", async () => {
    let times = 0;
    await using hook = await fakeServer(() => ({ status: (times += 1) < 2 ? 503 : 200 }));
    await writeFile(file, `${hook.url}/services/T0/B0\n`, { mode: 0o600 });
    const lines: string[] = [];
    await sendAlert(
      await readAlertUrl(file),
      { stack: "dev", text: "the update did not finish" },
      (line) => void lines.push(line),
    );
    expect(lines).toEqual([]);
    const bodies = hook.seen.map(({ body }) => JSON.parse(body) as Record<string, string>);
    expect(bodies).toHaveLength(2);
    expect(hook.seen[0]?.path).toBe("/services/T0/B0");
    expect(bodies[0]).toMatchObject({
      stack: "dev",
      text: expect.stringMatching(/^dev on .*: the update did not finish$/) as string,
    });
  });

  test("that can't be sent is said, and neither fails nor shows the address", async () => {
    await using hook = await fakeServer(() => ({ status: 403 }));
    const lines: string[] = [];
    await sendAlert(`${hook.url}/a-secret-path`, { stack: "dev", text: "x" }, (line) => void lines.push(line));
    expect(lines).toEqual(["the alert could not be sent: the webhook does not answer, or refuses"]);
  });

  test("has its address in a file that nobody else reads, and over https", async () => {
    await writeFile(file, "http://hooks.example.com/a-secret-path", { mode: 0o600 });
    await chmod(file, 0o644);
    const message = await readAlertUrl(file).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    expect(message).toMatch(/chmod 600/);
    expect(message).toMatch(/https/);
    expect(message).not.toMatch(/a-secret-path/);
    await expect(readAlertUrl(path.join(directory, "none"))).rejects.toThrow(/ENOENT/);
  });
});
