/** Each secret of each service is spoiled in many ways: the real image refuses to start, says which one and why, and no more. */
import { beforeAll, describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../components/services/service.ts";
import { damages, leaks, spoil, type Damage } from "../unit/runtime/damage.ts";
import { makeKeys, type Keys } from "../unit/runtime/fixture.ts";
import { filesOf, holders, mountFor, start } from "./damaged.ts";
import { Client } from "./client.ts";
import { Turns } from "./turns.ts";
import { eventually, health, services, sharedStack } from "./swarm.ts";

/** Kinds of damage (test/unit/runtime/damage.json has all 60 that the library is tested with). */
const kinds = {
  text: [
    "deleted",
    "empty",
    "trailing newline",
    "cut short",
    "one character repeated",
    "character outside the charset",
    "NUL inside",
    "not UTF-8",
    "larger than the store allows",
    "readable by all",
    "link out of the directory",
    "directory",
  ],
  rsaPrivateKeyPem: [
    "deleted",
    "empty",
    "cut in the middle",
    "encrypted PKCS#8",
    "public key for the private one",
    "2048 bits",
    "elliptic curve",
    "another pair's key",
    "readable by all",
    "link out of the directory",
    "directory",
  ],
  rsaPublicKeyPem: [
    "deleted",
    "empty",
    "cut in the middle",
    "certificate",
    "private key for the public one",
    "2048 bits, public",
    "elliptic curve, public",
    "another pair's key, public",
    "readable by all",
    "link out of the directory",
    "directory",
  ],
} as const;

const named = (name: string): Damage => {
  const damage = damages.find((one) => one.name === name);
  if (damage === undefined) throw new Error(`damage.json has no ${name}`);
  return damage;
};

const cases = holders.flatMap((service) =>
  filesOf(service).flatMap(({ file, type }) =>
    kinds[type as keyof typeof kinds].map((kind) => ({
      title: `${service.name} on ${file}: ${kind}`,
      service,
      file,
      damage: named(kind),
    })),
  ),
);

const { docker } = sharedStack();
let keys: Keys;

beforeAll(async () => {
  keys = await makeKeys(4096);
});

interface Line {
  readonly level: string;
  readonly event: string;
  readonly service: string;
  readonly entry: string | null;
  readonly reason: string;
  readonly message: string;
}

function findings(output: string): readonly Line[] {
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

/** Two at a time: starting a container is mostly work of the kernel. */
const turns = new Turns(2);

describe("the real image of a service", () => {
  it("is tested with at least 10 kinds of damage for each of its secrets", () => {
    for (const service of holders) {
      expect(filesOf(service).length).toBeGreaterThan(0);
      for (const { file } of filesOf(service)) {
        expect(cases.filter((one) => one.service === service && one.file === file).length).toBeGreaterThanOrEqual(10);
      }
    }
  });

  it.concurrent.each(cases)("refuses to start: $title", async ({ service, file, damage }) => {
    await turns.take(async () => {
      const mounted = mountFor(service, keys);
      try {
        const after = spoil(mounted, file, damage, keys);
        const { exitCode, output } = await start(docker, service, mounted);
        expect(exitCode).toBe(78);
        const lines = findings(output);
        for (const line of lines) expect(line).toMatchObject({ level: "error", event: "secrets.invalid" });
        // A pair that does not match is told of one half, and names the other.
        const about = lines.filter(({ message }) => message.includes(file));
        expect(about.map(({ reason }) => reason)).toEqual(expect.arrayContaining(damage.reasons));
        expect(leaks(output, [...Object.values(mounted.values), ...(after.trim() === "" ? [] : [after])])).toEqual([]);
      } finally {
        mounted.remove();
      }
    });
  });

  it.each(holders.map((service) => ({ name: service.name, service })))(
    "$name refuses the development provider in production",
    async ({ service }) => {
      const mounted = mountFor(service, keys);
      try {
        const env = { SECRET_PROVIDER: "env", GOIMG_ENV: "production" };
        const { exitCode, output } = await start(docker, service, mounted, env);
        expect(exitCode).toBe(78);
        const reasons = findings(output).map(({ reason }) => reason);
        expect(["provider-not-allowed", "unknown-provider"]).toContain(reasons[0]);
        expect(output).toContain("SECRET_PROVIDER");
        expect(leaks(output, Object.values(mounted.values))).toEqual([]);
      } finally {
        mounted.remove();
      }
    },
  );

  it("all damage at once is told at once", async () => {
    const service = holders.find(({ name }) => name === "api") as ServiceSpec;
    const mounted = mountFor(service, keys);
    try {
      for (const { file } of filesOf(service)) spoil(mounted, file, named("empty"), keys);
      const { exitCode, output } = await start(docker, service, mounted);
      expect(exitCode).toBe(78);
      expect(findings(output).map(({ entry, reason }) => `${entry ?? ""} ${reason}`)).toEqual(
        filesOf(service)
          .map(({ file }) => `${file} blank`)
          .sort(),
      );
    } finally {
      mounted.remove();
    }
  });
});

/** The part of a service's spec that Docker's API takes back. */
interface Spec {
  readonly TaskTemplate: { readonly ContainerSpec: { readonly Secrets: readonly Reference[] } };
}
interface Reference {
  readonly SecretID: string;
  readonly SecretName: string;
  readonly File: { readonly Name: string };
}
interface Inspected {
  readonly Version: { readonly Index: number };
  readonly Spec: Spec;
  readonly UpdateStatus?: { readonly State: string };
}

describe.each([
  { name: "worker", entry: "S3_SECRET_KEY", value: "a".repeat(43) },
  { name: "api", entry: "JWT_PRIVATE_KEY", value: undefined },
])("on the Swarm, $name with a damaged $entry", ({ name, entry, value }) => {
  it("is rolled back, while the old tasks go on serving", async () => {
    const stack = sharedStack();
    const before = await health(stack);
    const id = (await services(docker, "dev")).get(name)?.ID ?? "";
    const service = docker.getService(id);
    const inspected = (await service.inspect()) as Inspected;
    const damaged = value === undefined ? undefined : await addSecret(entry, value);
    const client = await Client.register(stack.url);
    try {
      const references = inspected.Spec.TaskTemplate.ContainerSpec.Secrets.flatMap((reference) => {
        if (reference.File.Name !== entry) return [reference];
        return damaged === undefined ? [] : [{ ...reference, ...damaged }];
      });
      await service.update({ version: inspected.Version.Index, ...withSecrets(inspected.Spec, references) });
      const state = await eventually(
        async () => {
          // Whoever asks meanwhile is served.
          expect(await client.me()).toEqual({ id: client.id, email: client.email });
          return ((await service.inspect()) as Inspected).UpdateStatus?.State;
        },
        (now) => now === "rollback_completed" || now === "rollback_paused" || now === "completed",
        90,
      );
      expect(state).toBe("rollback_completed");
      expect(((await service.inspect()) as Inspected).Spec).toEqual(inspected.Spec);
      expect(
        await eventually(
          () => health(stack),
          (now) => String(now) === String(before),
        ),
      ).toEqual(before);
    } finally {
      if (damaged !== undefined) await docker.getSecret(damaged.SecretID).remove();
    }
  });
});

function withSecrets(spec: Spec, references: readonly Reference[]): Spec {
  const { TaskTemplate: task } = spec;
  return { ...spec, TaskTemplate: { ...task, ContainerSpec: { ...task.ContainerSpec, Secrets: references } } };
}

async function addSecret(entry: string, value: string): Promise<Pick<Reference, "SecretID" | "SecretName">> {
  const SecretName = `damaged-${entry}`;
  const created = (await docker.createSecret({
    Name: SecretName,
    Data: Buffer.from(value).toString("base64"),
  })) as unknown as { readonly id?: string; readonly ID?: string };
  return { SecretName, SecretID: created.id ?? created.ID ?? "" };
}
