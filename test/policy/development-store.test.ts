import { expect, it, describe } from "vitest";
import { developmentStore } from "../../policies/development-store.ts";
import { summary, violationsOf } from "./support/run.ts";
import { compliantStack, password, resource, withChange } from "./support/stack.ts";

const entry = resource("goimg-stores:env:Entry", "DB_PASSWORD-g1", {
  file: "/home/dev/shop.env",
  entry: "DB_PASSWORD",
  generation: 1,
  value: password,
});
const env = ["taskSpec", "containerSpec", "env"] as const;
const reading = (mode: string) =>
  withChange(compliantStack(), "api", env, { SECRET_PROVIDER: "env", GOIMG_ENV: mode, DB_HOST: "db" });

describe("development-store", () => {
  it("refuses the env store in a production stack, without the value", () => {
    const violations = violationsOf(developmentStore, [entry], { production: true });
    expect(summary(violations)).toEqual(["env-store at DB_PASSWORD-g1"]);
    expect(JSON.stringify(violations)).not.toContain(password);
  });

  it("accepts it elsewhere", () => {
    expect(violationsOf(developmentStore, [entry])).toEqual([]);
  });

  it("refuses a service that reads its environment where the stack or the service is production", () => {
    expect(summary(violationsOf(developmentStore, reading("production")))).toEqual(["env-provider at api"]);
    expect(summary(violationsOf(developmentStore, reading("development"), { production: true }))).toEqual([
      "env-provider at api",
    ]);
    expect(violationsOf(developmentStore, reading("development"))).toEqual([]);
  });

  it.each(["docker", "vault"])("accepts services that read from %s in production", (provider) => {
    const stack = withChange(compliantStack(), "api", [...env, "SECRET_PROVIDER"], provider);
    expect(violationsOf(developmentStore, stack, { production: true })).toEqual([]);
  });
});
