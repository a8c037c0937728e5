/** The gateway's certificate is looked at before anything is created: what is wrong with it, and how to mend it. */
import { beforeAll, describe, expect, test } from "vitest";
import { problemsOf as problemsOfNew } from "../../../cli/external/values.ts";
import { declare, InvalidDeclaration, type DeclareArgs } from "../../../components/secrets/declare.ts";
import { createAuthority, type Authority, type Certified } from "../../fakes/certificates.ts";

const host = "images.example.com";
const day = 86_400_000;
let authority: Authority;
let good: Certified;
let next: Certified;

const chained = ({ certificate }: Certified): string => certificate + authority.issuer;
const pair = (certificate: string, key: string) => ({
  TLS_CERTIFICATE: { "1": certificate },
  TLS_PRIVATE_KEY: { "1": key },
});

function problemsOf(external: unknown, args: Partial<DeclareArgs> = {}): readonly string[] {
  try {
    declare({ environment: "prod", services: ["gateway"], generations: undefined, external, host, ...args });
    return [];
  } catch (error) {
    if (error instanceof InvalidDeclaration) return error.problems;
    throw error;
  }
}

beforeAll(async () => {
  authority = await createAuthority();
  [good, next] = (await Promise.all([1, 2].map(() => authority.issue({ names: [`DNS:${host}`] })))) as [
    Certified,
    Certified,
  ];
}, 60_000);

describe("the gateway's certificate", () => {
  test("is required in prod, and nowhere else", () => {
    expect(problemsOf(undefined)).toEqual([
      expect.stringContaining(
        'external.TLS_CERTIFICATE["1"]: generation 1 of GATEWAY_TLS is live but has no value; set it with: ',
      ),
      expect.stringContaining('external.TLS_PRIVATE_KEY["1"]: '),
    ]);
    for (const environment of ["dev", "aws"] as const) expect(problemsOf(undefined, { environment })).toEqual([]);
  });

  test("is taken with its chain, and for a name that it covers with an asterisk", async () => {
    expect(problemsOf(pair(chained(good), good.key))).toEqual([]);
    const wild = await authority.issue({ names: ["DNS:*.example.com"], key: ["rsa:2048"] });
    expect(problemsOf(pair(chained(wild), wild.key))).toEqual([]);
  });

  test("is refused with each reason, the field and the fix, and without the value", async () => {
    const other = await authority.issue({ names: ["DNS:www.example.com"], use: "clientAuth" });
    const soon = new Date(Date.now() - day);
    const late = new Date(Date.now() + 5 * day);
    const table: readonly (readonly [unknown, Partial<DeclareArgs>, readonly string[]])[] = [
      [pair(" ", good.key), {}, ['TLS_CERTIFICATE["1"]: the value is blank']],
      [pair("rubbish", good.key), {}, ['TLS_CERTIFICATE["1"]: the value is not PEM']],
      [
        pair(chained(good), next.key),
        {},
        ['TLS_PRIVATE_KEY["1"]: the value is not the private key of TLS_CERTIFICATE'],
      ],
      [pair(good.certificate + authority.root, good.key), {}, ["did not issue"]],
      [
        pair(chained(good), good.key),
        { now: late },
        ['TLS_CERTIFICATE["1"]: the certificate or its chain expired on '],
      ],
      [pair(chained(good), good.key), { now: soon }, ["the certificate or its chain is not valid yet"]],
      [
        pair(chained(other), other.key),
        {},
        [`the certificate does not cover ${host} (cluster.domain)`, "the certificate is not for a server"],
      ],
    ];
    for (const [external, args, expected] of table) {
      const problems = problemsOf(external, args);
      expect(problems).toEqual(expected.map((reason) => expect.stringContaining(reason) as unknown));
      for (const problem of problems) {
        expect(problem).toContain("pulumi config set --secret --path");
        expect(problem).not.toMatch(/BEGIN|rubbish/);
      }
    }
  });

  test("may have expired where it is no longer the active one, so that it can be renewed", async () => {
    const later = await authority.issue({ names: [`DNS:${host}`], days: 15 });
    const external = {
      TLS_CERTIFICATE: { "1": chained(good), "2": chained(later) },
      TLS_PRIVATE_KEY: { "1": good.key, "2": later.key },
    };
    const problems = (active: number): readonly string[] =>
      problemsOf(external, {
        generations: { GATEWAY_TLS: { live: [1, 2], active } },
        now: new Date(Date.now() + 5 * day),
      });
    expect(problems(1)).toEqual([
      expect.stringContaining('TLS_CERTIFICATE["1"]: the certificate or its chain expired'),
    ]);
    expect(problems(2)).toEqual([]);
  });

  test("is looked at before a rotation takes it", async () => {
    const present = { TLS_CERTIFICATE: chained(good), TLS_PRIVATE_KEY: good.key };
    const renewed = { TLS_CERTIFICATE: chained(next), TLS_PRIVATE_KEY: next.key };
    expect(problemsOfNew("GATEWAY_TLS", renewed, present)).toEqual([]);
    expect(problemsOfNew("GATEWAY_TLS", { ...renewed, TLS_PRIVATE_KEY: good.key }, present)).toEqual([
      "TLS_PRIVATE_KEY: the value is not the private key of TLS_CERTIFICATE",
    ]);
    expect(problemsOfNew("GATEWAY_TLS", { ...renewed, TLS_CERTIFICATE: "x" }, present)).toHaveLength(1);
    const other = await authority.issue({ names: [`DNS:${host}`], use: "clientAuth" });
    expect(
      problemsOfNew("GATEWAY_TLS", { TLS_CERTIFICATE: other.certificate, TLS_PRIVATE_KEY: other.key }, present),
    ).toEqual(["TLS_CERTIFICATE: the certificate is not for a server"]);
  });
});
