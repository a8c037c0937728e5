/** The Swarm in the audit log: what the log has not seen is found, once. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appendAudit, highestIn, verifyAudit } from "../../../cli/audit.ts";
import { describeChange, swarmChanges, type SwarmObject } from "../../../cli/audit/swarm.ts";

const secret = (name: string, id: string): SwarmObject => ({ kind: "secret", name, id, digest: id });
const service = (name: string, digest: string): SwarmObject => ({ kind: "service", name, id: `id-${name}`, digest });

describe("the Swarm in the audit log", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "goimg-audit-"));
    file = path.join(folder, "dev.jsonl");
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** Writes what is there, and answers what was new. */
  async function record(...objects: readonly SwarmObject[]): Promise<readonly string[]> {
    const verdict = await verifyAudit(file);
    if (!verdict.ok) throw new Error(verdict.why);
    const events = swarmChanges(verdict.entries, "dev", objects, "test");
    await appendAudit(file, events, new Date());
    return events.map(describeChange);
  }

  it("writes each secret and service once, then what is made, changed and removed", async () => {
    const [one, two] = [secret("DB_PASSWORD-g1", "a"), secret("DB_PASSWORD-g2", "b")];
    expect(await record(one, service("api", "x"))).toEqual(["secret DB_PASSWORD-g1 was made", "service api was made"]);
    expect(await record(one, service("api", "x"))).toEqual([]);
    expect(await record(one, two, service("api", "y"))).toEqual([
      "secret DB_PASSWORD-g2 was made",
      "service api was changed",
    ]);
    expect(await record(two, service("api", "y"))).toEqual(["secret DB_PASSWORD-g1 was removed"]);
    expect(await record(two, service("api", "y"))).toEqual([]);
    // The way back to an earlier spec is a change too.
    expect(await record(two, service("api", "x"))).toEqual(["service api was changed"]);
    expect(await record()).toEqual(["secret DB_PASSWORD-g2 was removed", "service api was removed"]);
    const verdict = await verifyAudit(file);
    expect(verdict.ok && highestIn(verdict.entries, "DB_PASSWORD")).toBe(2);
  });

  it("sees a secret of the same name and another id, and keeps stacks apart", async () => {
    await record(secret("DB_PASSWORD-g1", "a"));
    expect(await record(secret("DB_PASSWORD-g1", "c"))).toEqual([
      "secret DB_PASSWORD-g1 was made",
      "secret DB_PASSWORD-g1 was removed",
    ]);
    const verdict = await verifyAudit(file);
    const entries = verdict.ok ? verdict.entries : [];
    expect(swarmChanges(entries, "prod", [], "test")).toEqual([]);
    expect(swarmChanges(entries, "prod", [secret("DB_PASSWORD-g1", "c")], "test")).toHaveLength(1);
  });
});
