import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDotenv } from "../../../../cli/import/compose/dotenv.ts";
import { substitute } from "../../../../cli/import/compose/template.ts";
import { literal, type Traced } from "../../../../cli/import/compose/traced.ts";

/** What compose-go 2.16.2, the implementation of the specification, answers; null where it refuses. */
const vectors = JSON.parse(readFileSync(path.join(import.meta.dirname, "vectors.json"), "utf8")) as {
  environment: Record<string, string>;
  templates: [string, string | null][];
  dotenv: [string, Record<string, string> | null][];
};
const at = { file: ".env", line: 1 };

function interpolated(text: string, environment: Readonly<Record<string, string>>): string | null {
  const refused: string[] = [];
  const refuse = (): void => {
    refused.push(text);
  };
  const lookup = (name: string): Traced | undefined => {
    const value = environment[name];
    return value === undefined ? undefined : literal(value, at);
  };
  const result = substitute(text, { at, lookup, required: refuse, invalid: refuse });
  return refused.length > 0 ? null : result.text;
}

function parsed(text: string): Record<string, string> | null {
  const variables = new Map<string, Traced>();
  const problems = parseDotenv(text, { file: ".env", lookup: () => undefined, variables });
  return problems.length > 0 ? null : Object.fromEntries([...variables].map(([key, value]) => [key, value.text]));
}

describe("interpolation", () => {
  test("answers what compose's own implementation answers", () => {
    for (const [text, expected] of vectors.templates)
      expect([text, interpolated(text, vectors.environment)]).toEqual([text, expected]);
  });

  test("leaves any text as it is when its dollar signs are doubled", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(interpolated(text.replaceAll("$", "$$$$"), {})).toBe(text);
      }),
    );
  });

  test("puts a value in its place whatever it holds, once, and says where it came from", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ minLength: 1 }), (before, after, value) => {
        const source = { file: "other.env", line: 7 };
        const template = `${before.replaceAll("$", "$$$$")}\${NAME}${after.replaceAll("$", "$$$$")}`;
        const { text, spans } = substitute(template, { at, lookup: () => literal(value, source) });
        expect(text).toBe(before + value + after);
        expect(spans).toEqual([
          { start: before.length, end: before.length + value.length, variable: "NAME", at: source },
        ]);
      }),
    );
  });

  test.each([
    [":-", [undefined, "d"], ["", "d"], ["v", "v"]],
    ["-", [undefined, "d"], ["", ""], ["v", "v"]],
    [":+", [undefined, ""], ["", ""], ["v", "d"]],
    ["+", [undefined, ""], ["", "d"], ["v", "d"]],
    [":?", [undefined, null], ["", null], ["v", "v"]],
    ["?", [undefined, null], ["", ""], ["v", "v"]],
  ] as [string, ...[string | undefined, string | null][]][])(
    "${V%sd} of an unset, an empty and a set variable",
    (operator, ...cases) => {
      for (const [value, expected] of cases)
        expect(interpolated(`\${V${operator}d}`, value === undefined ? {} : { V: value })).toBe(expected);
    },
  );

  test("ends on any input, and never throws", () => {
    const text = fc.array(fc.constantFrom("$", "{", "}", "${", ":-", "A", "\n", "$$", "?"), { maxLength: 200 });
    fc.assert(
      fc.property(text, (parts) => {
        interpolated(parts.join(""), { A: "x" });
      }),
    );
  });
});

describe(".env files", () => {
  test("are read as compose's own implementation reads them", () => {
    for (const [text, expected] of vectors.dotenv) expect([text, parsed(text)]).toEqual([text, expected]);
  });

  test("keep any value in single quotes as it is, over any number of lines", () => {
    const value = fc.string({ unit: fc.constantFrom("a", "$", "{", "#", " ", '"', "=", "\n", "é", "}") });
    fc.assert(
      fc.property(value, (text) => {
        expect(parsed(`FIRST=1\nNAME='${text}'\nLAST=2\n`)).toEqual({ FIRST: "1", NAME: text, LAST: "2" });
      }),
    );
  });

  test("keep any value in double quotes whose quotes, backslashes and dollar signs are escaped", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quoted = text.replace(/[\\"]/g, "\\$&").replaceAll("$", "$$$$");
        expect(parsed(`NAME="${quoted}"`)).toEqual({ NAME: text });
      }),
    );
  });

  test("name every line that can't be read, and read the others", () => {
    const variables = new Map<string, Traced>();
    const text = "GOOD=1\nBAD LINE\n\n*=2\nALSO=3\nOPEN='never closed\n";
    const problems = parseDotenv(text, { file: "x.env", lookup: () => undefined, variables });
    expect(problems.map(({ line }) => line)).toEqual([2, 4, 6]);
    expect([...variables].map(([key, { at: place }]) => [key, place.line])).toEqual([
      ["GOOD", 1],
      ["ALSO", 5],
    ]);
  });
});
