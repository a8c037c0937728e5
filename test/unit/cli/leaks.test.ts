/** What the leak test stands on: a value is found in every form, at any place; a public key is not taken for a private one. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Finder, formsOf, privateKeyNeedles } from "../../../cli/leaks/finder.ts";

const value = 'Zq8v/T2m+N5x"R7wK\\4pL9é';
const finder = new Finder(formsOf("value", Buffer.from(value, "latin1")));

/** Bytes before and after, so that the value is at any place and alignment. */
const around = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }));

const written: Readonly<Record<string, (bytes: Buffer) => string>> = {
  raw: (bytes) => bytes.toString("latin1"),
  base64: (bytes) => bytes.toString("base64"),
  base64url: (bytes) => bytes.toString("base64url"),
  hex: (bytes) => bytes.toString("hex"),
  HEX: (bytes) => bytes.toString("hex").toUpperCase(),
  url: (bytes) => encodeURIComponent(bytes.toString("latin1")),
  json: (bytes) => JSON.stringify({ text: bytes.toString("latin1") }),
  "json in json": (bytes) => JSON.stringify(JSON.stringify({ text: bytes.toString("latin1") })),
};

describe("a value", () => {
  it.each(Object.keys(written))("is found as %s, wherever it is", (form) => {
    fc.assert(
      fc.property(around, ([before, after]) => {
        const bytes = Buffer.concat([before, Buffer.from(value, "latin1"), after]);
        expect(finder.find(Buffer.from(written[form]?.(bytes) ?? "", "latin1")).length).toBeGreaterThan(0);
      }),
    );
  });

  it("is not found where it is not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(finder.find(Buffer.from(bytes))).toEqual([]);
      }),
    );
    expect(finder.find(Buffer.from(value.slice(0, -1), "latin1"))).toEqual([]);
  });

  it("is found among thousands of others", () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({ label: `value ${i}`, bytes: randomBytes(20) }));
    const all = new Finder(many);
    for (const { label, bytes } of many.slice(0, 50)) {
      expect(all.find(Buffer.concat([randomBytes(100), bytes, randomBytes(100)]))).toEqual([label]);
    }
  });

  it("that is short is refused", () => {
    expect(() => formsOf("short", Buffer.from("hunter2"))).toThrow("short is too short to be looked for");
  });
});

describe("a private key", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const keyFinder = new Finder(privateKeyNeedles("key", pem));

  it("is found by a line of it, or by one of its numbers", () => {
    const lines = pem.trim().split("\n");
    expect(keyFinder.find(Buffer.from(lines[12] ?? "")).length).toBeGreaterThan(0);
    const { d = "", p = "" } = privateKey.export({ format: "jwk" });
    expect(keyFinder.find(Buffer.from(`{"d":"${d}"}`)).length).toBeGreaterThan(0);
    expect(keyFinder.find(Buffer.from(p, "base64url")).length).toBeGreaterThan(0);
    expect(keyFinder.find(privateKey.export({ type: "pkcs8", format: "der" })).length).toBeGreaterThan(0);
  });

  it("is not found in its public key", () => {
    const shown = [
      publicKey.export({ type: "spki", format: "pem" }).toString(),
      publicKey.export({ type: "pkcs1", format: "pem" }).toString(),
      JSON.stringify(publicKey.export({ format: "jwk" })),
      publicKey.export({ type: "spki", format: "der" }).toString("hex"),
    ];
    expect(keyFinder.find(Buffer.from(shown.join("\n")))).toEqual([]);
  });

  it("of an elliptic curve is found by its number, and not in its public key", () => {
    const pair = generateKeyPairSync("ed25519");
    const finder = new Finder(
      privateKeyNeedles("key", pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    );
    expect(finder.find(Buffer.from(pair.privateKey.export({ format: "jwk" }).d ?? "")).length).toBeGreaterThan(0);
    expect(finder.find(pair.publicKey.export({ type: "spki", format: "der" }))).toEqual([]);
  });
});
