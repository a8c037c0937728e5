/** Properties of the text checks: random values pass, any damage of one is found, and nothing of it is told. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodingProblems, textProblems, weakness, type TextFormat } from "../../../runtime/text.ts";
import { randomText } from "./fixture.ts";

const password: TextFormat = {
  type: "text",
  minLength: 43,
  maxLength: 64,
  charset: "alphanumeric",
  minEntropyBits: 128,
};
const anyText: TextFormat = { type: "text", minLength: 1 };
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const randomPassword = fc
  .array(fc.constantFrom(...Array.from(alphabet)), { minLength: 43, maxLength: 64 })
  .map((characters) => characters.join(""))
  // fast-check is fond of repetitions and borders, which a random generator is not.
  .filter((value) => new Set(value).size >= 16);

const reasons = (value: string | Uint8Array, format = password): string[] =>
  textProblems(typeof value === "string" ? Buffer.from(value) : value, format).map((p) => p.reason);

describe("text checks", () => {
  it("accept 20,000 values as the generators make them", () => {
    for (let i = 0; i < 20_000; i++) expect(reasons(randomText(43 + (i % 22)))).toEqual([]);
    const key: TextFormat = { type: "text", minLength: 20, maxLength: 20, charset: "upperAlphanumeric" };
    for (let i = 0; i < 5_000; i++)
      expect(reasons(randomText(20, alphabet.slice(0, 26) + "0123456789"), key)).toEqual([]);
  });

  it("find a newline after any value", () => {
    fc.assert(
      fc.property(randomPassword, fc.constantFrom("\n", "\r\n", "\r", "\n\n"), (value, end) => {
        expect(reasons(value + end)).toEqual(["trailing-newline"]);
      }),
    );
  });

  it("find blanks around and control characters inside any value", () => {
    fc.assert(
      fc.property(
        randomPassword,
        fc.constantFrom(" ", "\t", "\u00a0", "\u2003"),
        fc.boolean(),
        (value, blank, before) => {
          expect(reasons(before ? blank + value : value + blank)).toEqual(["surrounding-whitespace"]);
        },
      ),
    );
    const control = fc.integer({ min: 0, max: 0x9f }).filter((c) => c < 0x20 || c > 0x7e);
    fc.assert(
      fc.property(randomPassword, fc.nat(40), control, (value, at, c) => {
        expect(reasons(value.slice(0, at + 1) + String.fromCharCode(c) + value.slice(at + 1))).toEqual([
          "control-character",
        ]);
      }),
    );
  });

  it("find every value that is too short or too long", () => {
    fc.assert(
      fc.property(randomPassword, fc.integer({ min: 1, max: 42 }), (value, length) => {
        expect(reasons(value.slice(0, length))).toContain("too-short");
        expect(reasons(value + randomText(65 - value.length + length))).toContain("too-long");
      }),
    );
  });

  it("find any repetition of any part", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 4, max: 30 }), (part, times) => {
        expect(weakness(part.repeat(times), anyText)).not.toBeNull();
      }),
    );
  });

  it("never throw, and never quote a value, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => textProblems(bytes, password)).not.toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z0-9]{6,30}[\n ]?$/), (value) => {
        const told = textProblems(Buffer.from(value), password).map((p) => p.message);
        expect(told.join("\n")).not.toContain(value.trim());
      }),
    );
  });

  it.each([
    ["changeme", "weak"],
    ["Change-Me_please", "weak"],
    ["postgres", "weak"],
    ["admin123", "weak"],
    ["P@ssw0rd", "weak"],
    ["minioadmin", "weak"],
    ["AKIAIOSFODNN7EXAMPLE", "weak"],
    ["<your-secret-here>", "weak"],
    ["abcdefghijklmnop", "weak"],
    ["9876543210", "weak"],
    ["qwertyuiop", "weak"],
    ["lkjhgfdsa", "weak"],
    ["aaaaaaab", "weak"],
  ])("call %s weak", (value, reason) => {
    expect(reasons(value, anyText)).toEqual([reason]);
  });

  it("hold a declared entropy against the charset, not against luck", () => {
    expect(weakness(randomText(43), { ...password, minEntropyBits: 256 })).toBeNull();
    expect(weakness(randomText(43), { ...password, minEntropyBits: 257 })).toMatch(/257 bits/);
    const digits: TextFormat = { type: "text", minLength: 1, minEntropyBits: 64 };
    expect(weakness("7305918264", digits)).toMatch(/64 bits/);
  });

  it("report all that surrounds a value at once", () => {
    const found = encodingProblems(Buffer.from("\ufeff x\u0000y \r\n")).map((p) => p.reason);
    expect(found).toEqual(["bom", "trailing-newline", "surrounding-whitespace", "control-character"]);
  });
});
