import { describe, expect, it } from "vitest";
import { shared } from "../../../components/cluster/swarm/look.ts";

describe("a shared look", () => {
  /** Answers that wait to be given, in the order of the questions. */
  const answers: ((error?: Error) => void)[] = [];
  let asked = 0;
  const look = shared(
    () =>
      new Promise<number>((done, fail) => {
        asked += 1;
        const mine = asked;
        answers.push((error) => {
          if (error === undefined) done(mine);
          else fail(error);
        });
      }),
  );

  it("is one for all that ask meanwhile, and never older than the question", async () => {
    const first = look();
    const [second, third] = [look(), look()];
    expect(asked).toBe(1);
    answers[0]?.();
    expect(await first).toBe(1);
    await expect.poll(() => asked).toBe(2);
    const fourth = look();
    answers[1]?.();
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    await expect.poll(() => asked).toBe(3);
    answers[2]?.(new Error("no leader"));
    await expect(fourth).rejects.toThrow("no leader");
  });

  it("asks again after one that failed", async () => {
    const next = look();
    answers[3]?.();
    expect(await next).toBe(4);
  });
});
