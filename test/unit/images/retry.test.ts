import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTransient, retrying } from "../../../images/app/src/retry.ts";

const coded = (code: string): Error => Object.assign(new Error("failed"), { code });
const quick = { retries: 3, first: 1, longest: 2 };

describe("isTransient", () => {
  it.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "EPIPE",
    "ETIMEDOUT",
    "EAI_AGAIN",
    "ENOTFOUND",
    "57P01",
    "57P03",
    "08006",
    "53300",
    "40001",
  ])("%s may pass", (code) => {
    expect(isTransient(coded(code))).toBe(true);
  });

  it.each(["28P01", "28000", "23505", "42P01", "22P02", "EACCES", "57014"])("%s does not pass by itself", (code) => {
    expect(isTransient(coded(code))).toBe(false);
  });

  it("knows what pg says without a code", () => {
    expect(isTransient(new Error("Connection terminated unexpectedly"))).toBe(true);
    expect(isTransient(new Error("timeout exceeded when trying to connect"))).toBe(true);
    expect(isTransient(new Error("Connection string is wrong"))).toBe(false);
  });

  it("looks into an error of several addresses", () => {
    expect(isTransient(new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")]))).toBe(true);
    expect(isTransient(new AggregateError([coded("EACCES")]))).toBe(false);
  });

  it("takes anything that can be thrown", () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(isTransient(thrown)).toBe(false);
      }),
    );
  });
});

describe("retrying", () => {
  it("tries again until it works", async () => {
    let tries = 0;
    const result = await retrying(() => {
      tries += 1;
      return tries < 3 ? Promise.reject(coded("ECONNRESET")) : Promise.resolve("done");
    }, quick);
    expect([result, tries]).toEqual(["done", 3]);
  });

  it("gives up with the last error", async () => {
    let tries = 0;
    const failing = retrying(() => {
      tries += 1;
      return Promise.reject(coded("ECONNREFUSED"));
    }, quick);
    await expect(failing).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(tries).toBe(quick.retries + 1);
  });

  it("does not repeat what can't pass", async () => {
    let tries = 0;
    const failing = retrying(() => {
      tries += 1;
      return Promise.reject(coded("23505"));
    }, quick);
    await expect(failing).rejects.toMatchObject({ code: "23505" });
    expect(tries).toBe(1);
  });
});
