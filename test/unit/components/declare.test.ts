import { describe, expect, test } from "vitest";
import { declare, InvalidDeclaration, type DeclareArgs } from "../../../components/secrets/declare.ts";

const dev: DeclareArgs = {
  environment: "dev",
  services: ["api", "worker", "db-roles"],
  generations: undefined,
  external: undefined,
};
const token = "invented-token-of-a-third-party";

function problemsOf(args: Partial<DeclareArgs>): readonly string[] {
  try {
    declare({ ...dev, ...args });
  } catch (error) {
    if (error instanceof InvalidDeclaration) return error.problems;
    throw error;
  }
  return [];
}

describe("declare", () => {
  test("takes the secrets that a deployed service reads, at generation 1", () => {
    expect(declare(dev).secrets.map(({ secret, live, active }) => [secret, live, active])).toEqual([
      ["JWT_KEY", [1], 1],
      ["DB_PASSWORD", [1], 1],
      ["REDIS_PASSWORD", [1], 1],
      ["S3_KEY", [1], 1],
    ]);
  });

  test("leaves out what no deployed service reads", () => {
    const names = declare({ ...dev, services: ["db-roles"] }).secrets.map(({ secret }) => secret);
    expect(names).toEqual(["DB_PASSWORD"]);
  });

  test("takes the legacy signing key where it is supplied, and never makes one up", () => {
    const { secrets } = declare({
      ...dev,
      external: { JWT_SECRET: { "1": "fGhx7Q2mZ0eLr9TbKc4VnYp1Ws8Ud3Aj5Ei6Ro7=" } },
    });
    expect(secrets.map(({ secret }) => secret)).toContain("JWT_SECRET");
    expect(declare(dev).secrets.map(({ secret }) => secret)).not.toContain("JWT_SECRET");
    expect(problemsOf({ generations: { JWT_SECRET: { live: [1], active: 1 } } })).toHaveLength(1);
  });

  test("takes a future secret only where the stack declares it", () => {
    const { secrets } = declare({ ...dev, generations: { CLAMAV_PASSWORD: { live: [1], active: 1 } } });
    expect(secrets.map(({ secret }) => secret)).toContain("CLAMAV_PASSWORD");
    expect(declare(dev).secrets.map(({ secret }) => secret)).not.toContain("CLAMAV_PASSWORD");
  });

  test("takes a third party's value when it is supplied, and switches its feature off when not", () => {
    const { secrets, external } = declare({ ...dev, external: { IPFS_PINATA_JWT: { "1": token } } });
    expect(secrets.map(({ secret }) => secret)).toContain("IPFS_PINATA_JWT");
    expect(external["IPFS_PINATA_JWT"]).toEqual({ "1": token });
    expect(declare(dev).secrets.map(({ secret }) => secret)).not.toContain("IPFS_PINATA_JWT");
    // What `pulumi config rm` of the last value leaves.
    const emptied = declare({ ...dev, external: { IPFS_PINATA_JWT: {} } });
    expect(emptied.secrets.map(({ secret }) => secret)).not.toContain("IPFS_PINATA_JWT");
  });

  test("switches an optional secret off when the stack says so, and refuses that for a required one", () => {
    const off = declare({ ...dev, generations: { REDIS_PASSWORD: { live: [], active: 0 } } });
    expect(off.secrets.map(({ secret }) => secret)).not.toContain("REDIS_PASSWORD");
    expect(problemsOf({ generations: { DB_PASSWORD: { live: [], active: 0 } } })).toHaveLength(1);
  });

  test("wants every part of a third party's secret, in every live generation", () => {
    const problems = problemsOf({
      generations: { IPFS_INFURA: { live: [1, 2], active: 1 } },
      external: { IPFS_INFURA_PROJECT_ID: { "1": token } },
    });
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      'external.IPFS_INFURA_PROJECT_ID["2"]',
      'external.IPFS_INFURA_PROJECT_SECRET["1"]',
      'external.IPFS_INFURA_PROJECT_SECRET["2"]',
    ]);
  });

  test.each([
    ["blank", "   "],
    ["white space", `${token}\n`],
    ["shorter", "abc"],
    ["control", `${token}\u0000x`],
    ["longer", "x".repeat(5000)],
  ])("refuses a value that is %s, without showing it", (reason, value) => {
    const problems = problemsOf({ external: { SMTP_PASSWORD: { "1": value } } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(reason);
    expect(problems[0]).toContain("pulumi config set --secret --path");
    expect(problems[0]).not.toContain(value.trim() || "\u0000");
  });

  test("lists the problems of generations and of values at once", () => {
    const problems = problemsOf({
      generations: { DB_PASSWORD: { live: [1, 2], active: 3 }, DB_PASWORD: { live: [1], active: 1 } },
      external: { SMTP_PASSWORD: { "1": "" }, NO_SUCH: { "1": token } },
    });
    expect(problems).toHaveLength(4);
  });

  test("refuses an external object of the wrong shape", () => {
    expect(problemsOf({ external: token })).toHaveLength(1);
    expect(problemsOf({ external: { SMTP_PASSWORD: token } })[0]).not.toContain(token);
  });
});
