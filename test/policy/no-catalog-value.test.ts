import { describe, expect, it } from "vitest";
import { noCatalogValue } from "../../policies/no-catalog-value.ts";
import type { Resource } from "../../policies/model/rule.ts";
import { contextFor, summary, violationsOf } from "./support/run.ts";
import { base64, compliantStack, keys, password, resource, secret, withChange } from "./support/stack.ts";

const odd = `p'ä$s/w+r=d&${password.slice(0, 20)}"end`;
const hex = (text: string) => Buffer.from(text).toString("hex");
const body = keys.privateKey.split("\n").slice(1, -2);

/** Ways to write the value of DB_PASSWORD where it does not belong. */
const written: readonly (readonly [string, unknown])[] = [
  ["raw", password],
  ["inside a text", `postgres://shop:${password}@db/shop?sslmode=require`],
  ["base64", base64(password)],
  ["base64 with a byte before", base64(`x${password}`)],
  ["base64 with two bytes before", base64(`xy${password}`)],
  ["base64 without padding, inside a text", `token ${base64(`shop:${password}`).replace(/=+$/, "")}, then more`],
  ["base64url", Buffer.from(`shop:${password}?>`).toString("base64url")],
  ["base64 of base64", base64(base64(password))],
  ["base64 of JSON", base64(JSON.stringify({ password }))],
  ["hexadecimal", hex(password)],
  ["upper-case hexadecimal", hex(password).toUpperCase()],
  [
    "percent-encoded",
    Array.from(password)
      .map((char) => `%${hex(char)}`)
      .join(""),
  ],
  ["percent-encoded in part", `%71${password.slice(1)}`],
  [
    "backslash-escaped",
    Array.from(password)
      .map((char) => `\\${char}`)
      .join("")
      .replace(/\\(?=[nu])/g, ""),
  ],
  ["quoted in pieces", `'${password.slice(0, 20)}'"${password.slice(20)}"`],
  ["base64 behind one other letter", `x${base64(password)}`],
  ["base64 behind two other letters", `/a${base64(password)}`],
  ["base64 behind three other letters", `abc${base64(password)}`],
  ["split into neighbours of a list", password.match(/.{1,11}/g)],
  ["split into variables of a list", [`A=${password.slice(0, 14)}`, `B=${password.slice(14)}`]],
  [
    "split into entries of a map",
    { first: password.slice(0, 14), second: password.slice(14, 29), third: password.slice(29) },
  ],
  ["wrapped", `${password.slice(0, 14)}\n  ${password.slice(14, 28)}\n  ${password.slice(28)}`],
  ["in half", password.slice(0, 22)],
  ["as a key", { [password]: "x" }],
  ["deep", [{ a: [{ b: [[password]] }] }]],
];

const keyWritten: readonly (readonly [string, string])[] = [
  ["whole", keys.privateKey],
  ["one line", keys.privateKey.replaceAll("\n", "\\n")],
  ["base64", base64(keys.privateKey)],
  ["its body", body.join("")],
  ["one of its last lines", body.at(-3) ?? ""],
  ["wrapped at another width", body.join("").replace(/(.{76})/g, "$1\n")],
];

const named = (resources: readonly Resource[]) => summary(violationsOf(noCatalogValue(), resources));

describe("no-catalog-value", () => {
  it.each(written)("finds a password %s", (_how, value) => {
    const violations = violationsOf(noCatalogValue(), withChange(compliantStack(), "api", ["labels", 1], { value }));
    expect(summary(violations)).toEqual(["catalog-value at api"]);
    expect(violations[0]?.message).toContain("the value of DB_PASSWORD-g1");
    expect(JSON.stringify(violations)).not.toContain(password.slice(0, 9));
  });

  it.each(keyWritten)("finds a private key: %s", (_how, value) => {
    const violations = violationsOf(
      noCatalogValue(),
      withChange(compliantStack(), "postgres", ["labels", 1], { value }),
    );
    expect(summary(violations)).toEqual(["catalog-value at postgres"]);
    expect(violations.some(({ message }) => message.includes("the value of JWT_"))).toBe(true);
  });

  it("lets a public key be anywhere", () => {
    const publicBody = keys.publicKey.split("\n").slice(1, -2).join("");
    for (const value of [keys.publicKey, base64(keys.publicKey), publicBody]) {
      expect(named(withChange(compliantStack(), "api", ["labels", 1], { value }))).toEqual([]);
    }
  });

  it("finds a value with characters that are escaped", () => {
    const source = resource("random:index:RandomPassword", "ODD-g1", { result: odd });
    const quoted = odd.replaceAll("'", "'\\''");
    for (const value of [encodeURIComponent(odd), JSON.stringify({ odd }), `sh -c '${quoted}'`, base64(odd)]) {
      expect(named([source, resource("example:index:Thing", "it", { value })])).toEqual(["catalog-value at it"]);
    }
  });

  it("finds it in names, outputs of the stack, outputs of other resources and labels of its own store entry", () => {
    const places = [
      resource("example:index:Thing", `db-${password}`),
      resource("pulumi:pulumi:Stack", "outputs", { password }),
      resource("goimg:secrets:Component", "component", { value: password }),
      secret("OTHER-g1", "nothing of interest"),
    ];
    const store = { ...(places[3] as Resource) };
    const labeled = { ...store, props: { ...store.props, labels: [{ label: "value", value: password }] } };
    const violations = violationsOf(noCatalogValue(), [...compliantStack(), ...places.slice(0, 3), labeled]);
    expect(new Set(violations.map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2)))).toEqual(
      new Set([`db-${password}`, "outputs", "component", "OTHER-g1"]),
    );
    expect(violations.every(({ message }) => !message.includes(password))).toBe(true);
  });

  it("finds a value that a third party issued, which only its store has", () => {
    const issued = secret("SMTP_PASSWORD-g1", "SG.9fKq2LxT7wZr");
    const thing = resource("example:index:Thing", "it", { user: "apikey", password: "SG.9fKq2LxT7wZr" });
    expect(named([issued, thing])).toEqual(["catalog-value at it"]);
  });

  it("lets what a store holds beside secrets be anywhere", () => {
    const login = JSON.stringify({ username: "shop", host: "db.example", password });
    const version = resource("aws:secretsmanager:SecretVersion", "db", { secretString: login });
    expect(named([version, resource("example:index:Thing", "it", { user: "shop", host: "db.example" })])).toEqual([]);
    expect(named([version, resource("example:index:Thing", "it", { user: password })])).toEqual([
      "catalog-value at it",
    ]);
  });

  it("stops a resource before it exists, once its value went into a store", () => {
    const rule = noCatalogValue();
    const leaking = resource("docker:index:Service", "late", { env: { X: base64(password) } });
    expect(rule.resource?.(leaking, contextFor())).toEqual([]);
    expect(rule.resource?.(secret("DB_PASSWORD-g1", password), contextFor())).toEqual([]);
    expect(rule.resource?.(leaking, contextFor())).toHaveLength(1);
  });

  it("lets parts shorter than can be told from chance be anywhere", () => {
    expect(named(withChange(compliantStack(), "api", ["labels", 1], { value: password.slice(0, 15) }))).toEqual([]);
  });
});
