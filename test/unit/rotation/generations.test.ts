import { describe, expect, test } from "vitest";
import { InvalidGenerations, nearestName, parseGenerations } from "../../../components/rotation/generations.ts";

const known = ["DB_PASSWORD", "JWT_KEY", "SMTP_PASSWORD"];

function problemsOf(config: unknown): readonly string[] {
  try {
    parseGenerations(config, known, { optional: ["SMTP_PASSWORD"] });
  } catch (error) {
    if (error instanceof InvalidGenerations) return error.problems;
    throw error;
  }
  return [];
}

describe("what is declared is completed", () => {
  test("a secret that is not named has generation 1", () => {
    expect(parseGenerations(undefined, ["JWT_KEY"])).toEqual({ JWT_KEY: { live: [1], active: 1 } });
    expect(parseGenerations({ DB_PASSWORD: { live: [2, 3], active: 2 } }, known)).toEqual({
      DB_PASSWORD: { live: [2, 3], active: 2 },
      JWT_KEY: { live: [1], active: 1 },
      SMTP_PASSWORD: { live: [1], active: 1 },
    });
  });

  test("three are live only while revoking, and revoking: false says nothing", () => {
    const three = { DB_PASSWORD: { live: [1, 2, 3], active: 3, revoking: true } };
    expect(parseGenerations(three, known)["DB_PASSWORD"]).toEqual(three.DB_PASSWORD);
    expect(parseGenerations({ JWT_KEY: { live: [1], active: 1, revoking: false } }, known)["JWT_KEY"]).toEqual({
      live: [1],
      active: 1,
    });
  });

  test.each([{ live: [] }, { live: [], active: 0 }])("an optional secret is switched off by %j", (declared) => {
    const parsed = parseGenerations({ SMTP_PASSWORD: declared }, known, { optional: ["SMTP_PASSWORD"] });
    expect(parsed["SMTP_PASSWORD"]).toEqual({ live: [], active: 0 });
  });
});

describe("what is illegal is told with the field and the fix", () => {
  test.each<[string, unknown, string]>([
    ["a list", [], "generations: expected an object of secrets, got a list; write { NAME: { live: [1], active: 1 } }"],
    [
      "a text",
      "x",
      "generations: expected an object of secrets, got a value of type string; write { NAME: { live: [1], active: 1 } }",
    ],
    ["a misspelt secret", { DB_PASWORD: {} }, "generations.DB_PASWORD: unknown secret; did you mean DB_PASSWORD?"],
    ["an unlike secret", { X: {} }, "generations.X: unknown secret; use one of: DB_PASSWORD, JWT_KEY, SMTP_PASSWORD"],
    ["no object", { JWT_KEY: 3 }, "generations.JWT_KEY: expected an object, got 3; write { live: [1], active: 1 }"],
    [
      "no live",
      { JWT_KEY: { active: 1 } },
      "generations.JWT_KEY.live: expected a list, got a value of type undefined; write live: [1]",
    ],
    [
      "an unknown field",
      { JWT_KEY: { live: [1], active: 1, activ: 1 } },
      "generations.JWT_KEY.activ: unknown field; remove it: only live, active, revoking and urgent are known",
    ],
    [
      "a revoking that is no boolean",
      { JWT_KEY: { live: [1], active: 1, revoking: 1 } },
      "generations.JWT_KEY.revoking: expected true or false, got 1; remove it",
    ],
    [
      "an empty live",
      { JWT_KEY: { live: [], active: 0 } },
      "generations.JWT_KEY.live: empty; keep at least one generation: only an optional secret can be switched off",
    ],
    [
      "an active one in an empty live",
      { SMTP_PASSWORD: { live: [], active: 1 } },
      "generations.SMTP_PASSWORD.active: 1 is not live; remove it, or write active: 0: live is empty",
    ],
    [
      "a fraction",
      { JWT_KEY: { live: [1, 1.5], active: 1 } },
      "generations.JWT_KEY.live[1]: a number that is not whole is not a generation; use whole numbers from 1",
    ],
    [
      "zero",
      { JWT_KEY: { live: [0, 1], active: 1 } },
      "generations.JWT_KEY.live[0]: 0 is not a generation; use whole numbers from 1",
    ],
    [
      "a duplicate",
      { JWT_KEY: { live: [1, 1], active: 1 } },
      "generations.JWT_KEY.live: a generation is named twice; write live: [1]",
    ],
    [
      "a wrong order",
      { JWT_KEY: { live: [2, 1], active: 1 } },
      "generations.JWT_KEY.live: not ascending; write live: [1, 2]",
    ],
    [
      "three",
      { JWT_KEY: { live: [1, 2, 3], active: 1 } },
      "generations.JWT_KEY.live: 3 live generations, at most 2 are allowed; retire one first, or, if one has leaked, run goimg-secrets revoke JWT_KEY",
    ],
    [
      "four",
      { JWT_KEY: { live: [1, 2, 3, 4], active: 1, revoking: true } },
      "generations.JWT_KEY.live: 4 live generations, at most 3 are allowed; drop the leaked generation first",
    ],
    [
      "an active one that is not live",
      { JWT_KEY: { live: [1, 2], active: 3 } },
      "generations.JWT_KEY.active: 3 is not live; use one of live: 1, 2, or add 3 to live",
    ],
    [
      "no active one",
      { JWT_KEY: { live: [1] } },
      "generations.JWT_KEY.active: expected a live generation, got a value of type undefined; use one of live: 1",
    ],
  ])("%s", (_, config, problem) => {
    expect(problemsOf(config)).toEqual([problem]);
  });

  test("all at once", () => {
    const config = { DB_PASSWORD: { live: [2, 1], active: 3 }, JWT: {}, JWT_KEY: { live: "1", active: 1 } };
    expect(problemsOf(config).map((problem) => problem.split(":")[0])).toEqual([
      "generations.DB_PASSWORD.live",
      "generations.DB_PASSWORD.active",
      "generations.JWT",
      "generations.JWT_KEY.live",
    ]);
  });

  test("and never a value, even where one was pasted", () => {
    const pasted = "hunter2-hunter2-hunter2";
    const config = { JWT_KEY: { live: [pasted], active: pasted, revoking: pasted }, DB_PASSWORD: pasted };
    expect(problemsOf(config).join("\n")).not.toContain(pasted);
  });
});

test("the nearest name is offered only when it is near", () => {
  expect(nearestName("db_password", known)).toBe("DB_PASSWORD");
  expect(nearestName("JWT_KEYS", known)).toBe("JWT_KEY");
  expect(nearestName("S3_BUCKET", known)).toBeUndefined();
});
