/** What of a service's description becomes what of an app of App Platform, and what is given back in its own ciphertext. */
import { beforeAll, describe, expect, test } from "vitest";
import { componentOf, imageOf, instanceSize, kindOf } from "../../../components/cluster/appPlatform/component.ts";
import { ciphertextsOf } from "../../../components/cluster/appPlatform/running.ts";
import {
  InvalidAppPlatformSettings,
  parseAppPlatformSettings,
} from "../../../components/cluster/appPlatform/settings.ts";
import { declare } from "../../../components/secrets/declare.ts";
import { manifestFor } from "../../../components/secrets/manifest.ts";
import { api } from "../../../components/services/api.ts";
import { cacheAcl } from "../../../components/services/cache.ts";
import { dbMigrate, postgres } from "../../../components/services/database.ts";
import { gateway } from "../../../components/services/gateway.ts";
import { worker } from "../../../components/services/worker.ts";
import { unwrapped } from "../../../components/stores/provider/wire.ts";
import { maxVariableBytes, problemOf } from "../../../components/stores/digitalocean.ts";
import { noCatalogValue } from "../../../policies/no-catalog-value.ts";
import { noPlaintextEnv } from "../../../policies/no-plaintext-env.ts";
import { leastPrivilege } from "../../../policies/least-privilege.ts";
import { violationsOf } from "../../policy/support/run.ts";
import { mockEngine, resolve, resourcesOf, sentinel, settle, type Recorded } from "./mocks.ts";

const settings = { region: "fra", spacesRegion: "fra1", bucket: "test-objects", databaseHost: "db.example.com" };
const generations = {
  REDIS_PASSWORD: { live: [], active: 0 },
  JWT_KEY: { live: [1, 2], active: 2 },
  DB_PASSWORD: { live: [1, 2], active: 1 },
};
const image = "registry.digitalocean.com/example/goimg-app:1";

interface Variable {
  readonly key: string;
  readonly value: unknown;
  readonly type: string;
  readonly scope: string;
}
interface Component {
  readonly name: string;
  readonly envs: readonly Variable[];
}

describe("the app stack", () => {
  let recorded: Recorded[];
  let outputs: Record<string, unknown>;
  let components: readonly Component[];
  let spec: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const config = {
      appPlatform: JSON.stringify({ ...settings, databasePort: 25060, vpc: "c33931f2-a26a-4e61-b85c-4e95a2ec431b" }),
      generations: JSON.stringify(generations),
      images: JSON.stringify({ app: image }),
    };
    recorded = await mockEngine(config, { stack: "app" });
    const { appPlatform } = await import("../../../stacks/appPlatform.ts");
    outputs = await appPlatform();
    await settle();
    const [app] = recorded.filter(({ type }) => type === "digitalocean:index/app:App");
    spec = unwrapped(app?.inputs ?? {})["spec"] as Readonly<Record<string, unknown>>;
    components = ["services", "workers", "jobs"].flatMap((list) => spec[list] as readonly Component[]);
  });

  test("is a service that is reached from outside, a worker, and a job before each deployment", () => {
    expect(spec).toMatchObject({
      name: "goimg-app",
      region: "fra",
      vpcs: [{ id: "c33931f2-a26a-4e61-b85c-4e95a2ec431b" }],
      ingress: { rules: [{ component: { name: "api" }, match: { path: { prefix: "/" } } }] },
      services: [
        {
          name: "api",
          instanceCount: 2,
          httpPort: 8080,
          runCommand: "/usr/local/bin/entrypoint.sh api",
          healthCheck: { httpPath: "/healthz", port: 8080 },
        },
      ],
      workers: [{ name: "worker", instanceCount: 1, livenessHealthCheck: { httpPath: "/healthz", port: 8081 } }],
      jobs: [{ name: "db-migrate", kind: "PRE_DEPLOY", runCommand: "/usr/local/bin/entrypoint.sh db-migrate" }],
    });
  });

  test("hands each component its own generations: those of acceptors all, those of clients the active one", () => {
    const secret = components.map(({ name, envs }) => [
      name,
      envs.filter(({ type }) => type === "SECRET").map(({ key }) => key),
    ]);
    const jwt = ["JWT_PRIVATE_KEY", "JWT_PRIVATE_KEY__1", "JWT_PUBLIC_KEY", "JWT_PUBLIC_KEY__1"];
    expect(secret).toEqual([
      ["api", ["DB_PASSWORD", ...jwt, "S3_ACCESS_KEY", "S3_SECRET_KEY"]],
      ["worker", ["DB_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"]],
      ["db-migrate", ["DB_PASSWORD"]],
    ]);
    const [own] = components;
    const byKey = new Map(own?.envs.map(({ key, value }) => [key, value]));
    expect(byKey.get("JWT_PRIVATE_KEY")).toBe(`${sentinel}-private-JWT_KEY-g2`);
    expect(byKey.get("JWT_PRIVATE_KEY__1")).toBe(`${sentinel}-private-JWT_KEY-g1`);
    expect(byKey.get("DB_PASSWORD")).toBe(`${sentinel}-DB_PASSWORD-g1`);
  });

  test("says plainly only what is plain, and nothing to a build", () => {
    for (const { envs } of components) {
      expect(new Set(envs.map(({ scope }) => scope))).toEqual(new Set(["RUN_TIME"]));
      const plain = envs.filter(({ type }) => type !== "SECRET");
      expect(JSON.stringify(plain)).not.toContain(sentinel);
      const byKey = new Map(plain.map(({ key, value }) => [key, value]));
      expect(byKey.get("SECRET_PROVIDER")).toBe("digitalocean");
      expect(byKey.get("DIGITALOCEAN_APP_ID")).toBe("${APP_ID}");
      expect(byKey.get("DB_HOST")).toBe("db.example.com");
      expect(byKey.get("DB_PORT")).toBe("25060");
      expect([...byKey.keys()].filter((key) => key.startsWith("REDIS"))).toEqual([]);
    }
  });

  test("passes the policies, whose values are those of the stack", () => {
    const resources = resourcesOf(recorded.map((one) => ({ ...one, inputs: unwrapped(one.inputs) })));
    for (const rule of [noPlaintextEnv, noCatalogValue(), leastPrivilege])
      expect(violationsOf(rule, resources)).toEqual([]);
  });

  test("keeps hashes of what was delivered as a secret", async () => {
    const { value, secret } = await resolve(outputs["delivered"] as never);
    expect(secret).toBe(true);
    expect(Object.keys(value as object)).toEqual(
      expect.arrayContaining(["DB_PASSWORD.1", "DB_PASSWORD.2", "JWT_PRIVATE_KEY.2", "S3_SECRET_KEY.1"]),
    );
    expect(JSON.stringify(value)).not.toContain(sentinel);
  });
});

describe("a component", () => {
  const declared = declare({ environment: "app", services: ["api"], generations, external: undefined }).secrets;
  const context = {
    stack: "app",
    production: true,
    declared,
    image: () => image,
    valueFor: () => {
      throw new Error("not asked for");
    },
  };

  test("is what the description says of its life", () => {
    expect([api({ replicas: 1 }), worker({ replicas: 1 }), dbMigrate()].map(kindOf)).toEqual([
      "services",
      "workers",
      "jobs",
    ]);
  });

  test("is refused where App Platform has nothing for it", () => {
    expect(() => componentOf(postgres(), context)).toThrow("postgres keeps files");
    expect(() => componentOf(cacheAcl(), context)).toThrow("cache-acl keeps files");
    expect(() => componentOf(gateway({ port: 80 }), context)).toThrow("gateway runs once at a time");
  });

  test("is as small as its memory allows, and scales", () => {
    const of = (memoryMb: number) => instanceSize({ name: "api", limits: { cpus: 1, memoryMb } });
    expect([256, 1024, 1025, 4096].map(of)).toEqual([
      "apps-s-1vcpu-1gb",
      "apps-s-1vcpu-1gb",
      "apps-s-1vcpu-2gb",
      "apps-s-2vcpu-4gb",
    ]);
    expect(() => of(8192)).toThrow("api needs 8192 MiB");
  });

  test("runs an image of a registry that App Platform reaches, pinned", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    expect(imageOf(image)).toEqual({ registryType: "DOCR", repository: "goimg-app", tag: "1" });
    expect(imageOf(`ghcr.io/example/goimg/app@${digest}`)).toEqual({
      registryType: "GHCR",
      registry: "example",
      repository: "goimg/app",
      digest,
    });
    expect(imageOf("example/app:1.2")).toMatchObject({ registryType: "DOCKER_HUB", registry: "example", tag: "1.2" });
    for (const wrong of ["example/app", "goimg-app:1", "quay.io/example/app:1"])
      expect(() => imageOf(wrong)).toThrow("images.app");
  });
});

describe("what App Platform has", () => {
  const declared = declare({ environment: "app", services: ["api"], generations, external: undefined }).secrets;
  const granted = api({ replicas: 1 }).secrets;
  const manifest = manifestFor({ service: "api", stack: "app", production: true, granted, declared });
  const envs = [
    { key: "SECRETS_MANIFEST", value: JSON.stringify(manifest), type: "GENERAL" },
    { key: "JWT_PRIVATE_KEY", value: "EV[1:new:new]", type: "SECRET" },
    { key: "JWT_PRIVATE_KEY__1", value: "EV[1:old:old]", type: "SECRET" },
    { key: "DB_PASSWORD", value: "in the clear", type: "SECRET" },
  ];
  const of = ciphertextsOf({ specs: [{ services: [{ name: "api", envs }] }] } as never);
  const place = { component: "api", entry: "JWT_PRIVATE_KEY" } as const;

  test("is given back where it is this very generation of this component, and nowhere else", () => {
    expect(of({ ...place, variable: "JWT_PRIVATE_KEY", generation: 2 })).toBe("EV[1:new:new]");
    expect(of({ ...place, variable: "JWT_PRIVATE_KEY__1", generation: 1 })).toBe("EV[1:old:old]");
    expect(of({ ...place, variable: "JWT_PRIVATE_KEY", generation: 1 })).toBeUndefined();
    expect(of({ ...place, variable: "JWT_PRIVATE_KEY", generation: 3 })).toBeUndefined();
    expect(of({ ...place, component: "worker", variable: "JWT_PRIVATE_KEY", generation: 2 })).toBeUndefined();
    const clear = { component: "api", entry: "DB_PASSWORD", variable: "DB_PASSWORD", generation: 1 } as const;
    expect(of(clear)).toBeUndefined();
  });

  test("says nothing where a component has no manifest", () => {
    const none = ciphertextsOf({ specs: [{ services: [{ name: "api", envs: envs.slice(1) }] }] } as never);
    expect(none({ ...place, variable: "JWT_PRIVATE_KEY", generation: 2 })).toBeUndefined();
  });
});

test("values that App Platform would change are refused, and nothing is said of them", () => {
  for (const fine of ["x", "$HOME", "{}", "-----BEGIN\nEND-----\n", "x".repeat(maxVariableBytes), "an EV[1:a:b]"])
    expect(problemOf(fine)).toBeUndefined();
  for (const wrong of [
    "",
    "Qx7v${db.HOST}",
    "Qx7v\u0000",
    "EV[1:Qx7v:Qx7v]",
    "Qx7v".repeat(maxVariableBytes / 4 + 1),
  ]) {
    expect(problemOf(wrong)).toBeDefined();
    expect(problemOf(wrong)).not.toContain("Qx7v");
  }
});

test("settings: all problems at once, by key", () => {
  expect(parseAppPlatformSettings(settings)).toEqual({ ...settings, databasePort: 5432 });
  const wrong = { region: "fra1", spacesRegion: "fra", bucket: "B", databasePort: 0, vpc: "x", more: 1 };
  try {
    parseAppPlatformSettings(wrong);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidAppPlatformSettings);
    const message = String(error);
    for (const key of ["region", "spacesRegion", "bucket", "databaseHost", "databasePort", "vpc", "more"])
      expect(message).toContain(`- appPlatform.${key}: `);
  }
});
