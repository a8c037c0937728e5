import { describe, expect, it } from "vitest";
import { keyMaterial } from "../../policies/key-material.ts";
import { strength } from "../../policies/strength.ts";
import { fingerprint, publishable } from "../../policies/values/fingerprint.ts";
import { summary, violationsOf } from "./support/run.ts";
import { compliantStack, otherPassword, password, resource, secret, withChange } from "./support/stack.ts";

const key = (props: Record<string, unknown>, name = "TLS_KEY-g1") => [resource("tls:index:PrivateKey", name, props)];
const generated = (props: Record<string, unknown>, name = "DB_PASSWORD-g1") => [
  resource("random:index:RandomPassword", name, props),
];

describe("strength", () => {
  it.each([
    ["RSA 2048", key({ algorithm: "RSA", rsaBits: 2048 })],
    ["RSA of the provider's default", key({ algorithm: "RSA" })],
    ["a JWT key that is no RSA", key({ algorithm: "ED25519" }, "JWT_KEY-g2")],
    ["an elliptic curve of 224 bits", key({ algorithm: "ECDSA", ecdsaCurve: "P224" })],
    ["an unknown algorithm", key({ algorithm: "DSA" })],
  ])("refuses a key: %s", (_what, resources) => {
    expect(violationsOf(strength, resources).map(({ rule }) => rule)).toEqual(["key"]);
  });

  it.each([
    ["RSA 4096", key({ algorithm: "RSA", rsaBits: 4096 }, "JWT_KEY-g1")],
    ["Ed25519 where RS256 is not needed", key({ algorithm: "ED25519" })],
    ["P-256", key({ algorithm: "ECDSA", ecdsaCurve: "P256" })],
  ])("accepts a key: %s", (_what, resources) => {
    expect(violationsOf(strength, resources)).toEqual([]);
  });

  it.each([
    ["42 letters and digits", { length: 42, special: false }],
    ["43 lower-case letters", { length: 43, special: false, upper: false, numeric: false }],
    ["digits", { length: 64, special: false, upper: false, lower: false }],
    ["the old name of numeric", { length: 43, special: false, number: false }],
    ["a small special alphabet", { length: 43, lower: false, upper: false, numeric: false, overrideSpecial: "!!??" }],
    ["no alphabet", { length: 43, special: false, upper: false, lower: false, numeric: false }],
    ["no length", {}],
  ])("refuses a password: %s", (_what, props) => {
    expect(violationsOf(strength, generated(props)).map(({ rule }) => rule)).toEqual(["password"]);
  });

  it.each([
    ["43 letters and digits", { length: 43, special: false }],
    ["40 of all characters", { length: 40 }],
    ["64 hexadecimal digits' worth", { length: 77, special: false, upper: false, lower: false, numeric: true }],
  ])("says the length that is enough: %s", (_what, props) => {
    const [violation] = violationsOf(strength, generated({ ...props, length: 1 }));
    const needed = Number(/length: (\d+)/.exec(violation?.message ?? "")?.[1]);
    expect(violationsOf(strength, generated({ ...props, length: needed }))).toEqual([]);
    expect(violationsOf(strength, generated({ ...props, length: needed - 1 }))).toHaveLength(1);
  });

  it("lets access key ids have their own form, by the catalog and by the setting", () => {
    const form = { length: 20, special: false, lower: false };
    expect(violationsOf(strength, generated(form, "S3_ACCESS_KEY-g1"))).toEqual([]);
    expect(violationsOf(strength, generated(form, "SHOP_ACCESS_KEY_ID-g1"))).toEqual([]);
    expect(violationsOf(strength, generated(form, "S3_SECRET_KEY-g1"))).toHaveLength(1);
    expect(violationsOf(strength, generated(form, "SHOP_ID-g1"), { settings: { identifiers: ["*_ID"] } })).toEqual([]);
  });

  it("takes other minimums from its settings", () => {
    const settings = { minRsaBits: 3072, minBits: 128 };
    expect(violationsOf(strength, key({ algorithm: "RSA", rsaBits: 3072 }), { settings })).toEqual([]);
    expect(violationsOf(strength, generated({ length: 22, special: false }), { settings })).toEqual([]);
  });

  it("refuses few random bytes", () => {
    expect(violationsOf(strength, [resource("random:index:RandomBytes", "it", { length: 31 })])).toHaveLength(1);
    expect(violationsOf(strength, [resource("random:index:RandomBytes", "it", { length: 32 })])).toEqual([]);
  });
});

describe("key-material", () => {
  it.each(["RandomId", "RandomString", "RandomUuid", "RandomPet", "RandomInteger"])(
    "refuses %s as a secret",
    (type) => {
      const source = resource(`random:index:${type}`, "weak");
      expect(summary(violationsOf(keyMaterial, [source, secret("TOKEN-g1", otherPassword, source)]))).toEqual([
        "weak-generator at TOKEN-g1",
      ]);
    },
  );

  it("accepts a random id in a name, and beside a real password", () => {
    const id = resource("random:index:RandomId", "suffix");
    const source = resource("random:index:RandomPassword", "DB_PASSWORD-g1", { result: password });
    const login = resource("docker:index:Secret", "login", {}, { from: { data: [id, source], name: [id] } });
    expect(violationsOf(keyMaterial, [id, source, login])).toEqual([]);
  });

  it("refuses one value in two secrets, two generations, or under another secret's name", () => {
    const stack = compliantStack();
    const source = stack.find(({ name, type }) => name === "DB_PASSWORD-g1" && type.startsWith("random:"));
    for (const name of ["REDIS_PASSWORD-g1", "DB_PASSWORD-g2"]) {
      const violations = violationsOf(keyMaterial, [...stack, secret(name, password, source)]);
      expect(summary(violations)).toEqual([`shared-value at ${name}`]);
      expect(JSON.stringify(violations)).not.toContain(password);
    }
  });

  it("refuses an old generation's value as a new one", () => {
    const source = resource("random:index:RandomPassword", "DB_PASSWORD-g1", { result: otherPassword });
    expect(summary(violationsOf(keyMaterial, [source, secret("DB_PASSWORD-g2", otherPassword, source)]))).toEqual([
      "shared-value at DB_PASSWORD-g2",
    ]);
  });

  it("accepts a generator and a store entry of different names in other projects", () => {
    const source = resource("random:index:RandomPassword", "db", { result: otherPassword });
    expect(violationsOf(keyMaterial, [source, secret("database-password", otherPassword, source)])).toEqual([]);
  });

  it("refuses another stack's value, known by its fingerprint alone", () => {
    const settings = { otherStacks: [fingerprint(password)] };
    const violations = violationsOf(keyMaterial, compliantStack(), { settings });
    expect(summary(violations)).toEqual(["shared-value at DB_PASSWORD-g1"]);
    const replaced = withChange(compliantStack(), "JWT_PUBLIC_KEY-g1", ["data"], "");
    expect(violationsOf(keyMaterial, replaced, { settings: { otherStacks: [fingerprint(otherPassword)] } })).toEqual(
      [],
    );
  });

  it("publishes fingerprints only of values that no one can try out", () => {
    expect(publishable(password)).toBe(true);
    expect(publishable("correct horse")).toBe(false);
    expect(publishable("a".repeat(64))).toBe(false);
  });
});
