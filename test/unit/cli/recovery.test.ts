/** What is mended after an update that died, and what is never touched. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { locks, releaseStale } from "../../../cli/recovery/locks.ts";
import { planRecovery, typeOf, type DockerObject, type Kind, type State } from "../../../cli/recovery/plan.ts";

interface Part {
  readonly kind: Kind;
  readonly name: string;
  readonly id?: string;
  readonly dependencies?: readonly string[];
  readonly delete?: boolean;
}

const urnOf = ({ kind, name }: Part): string => `urn:pulumi:dev::goimg-secrets::${typeOf[kind]}::${name}`;

function resource(part: Part): object {
  const { kind, name, id, dependencies = [] } = part;
  return {
    urn: urnOf(part),
    type: typeOf[kind],
    inputs: { name },
    ...(id === undefined ? {} : { id }),
    ...(part.delete === true ? { delete: true } : {}),
    dependencies: dependencies.map((other) => other),
  };
}

function state(resources: readonly Part[], pending: readonly (readonly [string, Part])[] = []): State {
  return {
    version: 3,
    deployment: {
      manifest: {},
      resources: resources.map(resource),
      pending_operations: pending.map(([type, part]) => ({ type, resource: resource(part) })),
    },
  } as unknown as State;
}

const object = (kind: Kind, name: string, id = `${name}-id`): DockerObject => ({ kind, name, id });
const secret = { kind: "secret", name: "A-g1-123", id: "A-g1-123-id" } as const;

describe("an update that ended well", () => {
  it("leaves nothing to mend", () => {
    expect(planRecovery(state([secret]), [object("secret", "A-g1-123"), object("service", "another's")])).toEqual({
      orphans: [],
      ghosts: [],
      stale: [],
      pending: [],
      state: undefined,
    });
  });
});

describe("an update that died while creating", () => {
  const creating = { kind: "service", name: "goimg-dev-api" } as const;

  it("leaves an orphan when Docker had made it", () => {
    const plan = planRecovery(state([secret], [["creating", creating]]), [
      object("secret", "A-g1-123"),
      object("service", "goimg-dev-api"),
    ]);
    expect(plan.orphans).toEqual([object("service", "goimg-dev-api")]);
    expect(plan.pending).toEqual([{ doing: "creating", urn: urnOf(creating) }]);
    expect(plan.state?.deployment.pending_operations).toEqual([]);
    expect(plan.state?.deployment.resources?.map(({ urn }) => urn)).toEqual([urnOf(secret)]);
  });

  it("leaves only its note when Docker had not", () => {
    const plan = planRecovery(state([secret], [["creating", creating]]), [object("secret", "A-g1-123")]);
    expect(plan.orphans).toEqual([]);
    expect(plan.state?.deployment.pending_operations).toEqual([]);
  });

  it("leaves others' objects alone: another name, another kind, one that the state knows", () => {
    const known = { ...creating, id: "goimg-dev-api-id" };
    const plan = planRecovery(state([secret, known], [["creating", creating]]), [
      object("secret", "A-g1-123"),
      object("service", "goimg-dev-api"),
      object("service", "goimg-prod-api"),
      object("network", "goimg-dev-api"),
    ]);
    expect(plan.orphans).toEqual([]);
  });

  it("never removes a volume, which holds data: creating it again answers the same one", () => {
    const volume = { kind: "volume", name: "goimg-dev-database" } as const;
    const there = object("volume", "goimg-dev-database", "goimg-dev-database");
    expect(planRecovery(state([], [["creating", volume]]), [there]).orphans).toEqual([]);
  });

  it("has services removed before what they use", () => {
    const parts = (["network", "config", "secret", "service"] as const).map((kind) => ({ kind, name: `x-${kind}` }));
    const plan = planRecovery(
      state(
        [],
        parts.map((part) => ["creating", part] as const),
      ),
      parts.map(({ kind, name }) => object(kind, name)),
    );
    expect(plan.orphans.map(({ kind }) => kind)).toEqual(["service", "secret", "config", "network"]);
  });
});

describe("what is gone from Docker", () => {
  it("is dropped from the state", () => {
    const plan = planRecovery(state([secret]), []);
    expect(plan.ghosts).toEqual([urnOf(secret)]);
    expect(plan.state?.deployment.resources).toEqual([]);
  });

  it("is dropped with what stood on it, when that is gone as well", () => {
    const service = { kind: "service", name: "s", id: "s-id", dependencies: [urnOf(secret)] } as const;
    expect(planRecovery(state([secret, service]), []).ghosts).toEqual([urnOf(secret), urnOf(service)]);
  });

  it("is read back instead, when something stands on it", () => {
    const service = { kind: "service", name: "s", id: "s-id", dependencies: [urnOf(secret)] } as const;
    const plan = planRecovery(state([secret, service]), [object("service", "s")]);
    expect({ ghosts: plan.ghosts, stale: plan.stale }).toEqual({ ghosts: [], stale: [urnOf(secret)] });
  });

  it("is dropped when it waited for its deletion after a replacement", () => {
    const old = { ...secret, id: "old", delete: true };
    const service = { kind: "service", name: "s", id: "s-id", dependencies: [urnOf(secret)] } as const;
    const plan = planRecovery(state([secret, service, old]), [object("secret", "A-g1-123"), object("service", "s")]);
    expect(plan.state?.deployment.resources?.map(({ id }) => id)).toEqual(["A-g1-123-id", "s-id"]);
  });
});

describe("an update that died while changing", () => {
  it("has that read back", () => {
    const service = { kind: "service", name: "s", id: "s-id" } as const;
    expect(planRecovery(state([service], [["updating", service]]), [object("service", "s")]).stale).toEqual([
      urnOf(service),
    ]);
  });
});

describe("a lock", () => {
  let root: string;
  let directory: string;
  const host = "here";
  const place = (): Parameters<typeof releaseStale>[0] => ({
    backend: `file://${root}`,
    project: "goimg-secrets",
    stack: "dev",
  });
  const lock = (name: string, content: object | string): void => {
    writeFileSync(path.join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
  };
  const dead = { pid: 2 ** 22 + 1, username: "u", hostname: host, timestamp: "2026-01-01T00:00:00Z" };

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "goimg-locks-"));
    directory = path.join(root, ".pulumi", "locks", "organization", "goimg-secrets", "dev");
    mkdirSync(directory, { recursive: true });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("whose holder died is removed", async () => {
    lock("a.json", dead);
    expect((await releaseStale(place(), host)).map(({ pid }) => pid)).toEqual([dead.pid]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("whose number another program has by now is removed", async () => {
    lock("a.json", { ...dead, pid: process.pid });
    await releaseStale(place(), host);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("that was cut off while it was written is removed", async () => {
    lock("a.json", '{"pid": 12');
    await releaseStale(place(), host);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("of another machine stays, with what to do", async () => {
    lock("a.json", { ...dead, hostname: "elsewhere" });
    await expect(releaseStale(place(), host)).rejects.toThrow("pulumi cancel --stack dev");
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });

  it("is not looked for where the state is neither in a folder nor in a bucket", async () => {
    expect(await locks({ ...place(), backend: "gs://bucket" })).toEqual([]);
  });
});
