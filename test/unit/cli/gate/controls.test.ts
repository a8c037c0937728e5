/** Each control passes where it holds, fails when it is broken in any one way, and no other fails with it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkControl, NotReadable } from "../../../../cli/gate/control.ts";
import { controls } from "../../../../cli/gate/controls/index.ts";
import type { FactValues, ServiceFact } from "../../../../cli/gate/facts.ts";
import { checkControls } from "../../../../cli/gate/run.ts";
import { compliant, compliantInVault, factsFrom } from "./compliant.ts";

const without = async (values: FactValues): Promise<readonly string[]> =>
  (await checkControls(factsFrom(values))).filter(({ verdict }) => verdict !== "pass").map(({ id }) => id);

/** The same services, one of them changed. */
const changed = (name: string, change: (service: ServiceFact) => Partial<ServiceFact>): Partial<FactValues> => ({
  services: compliant.services.map((service) => (service.name === name ? { ...service, ...change(service) } : service)),
});
const workerEnv = (env: Record<string, string>): Partial<FactValues> =>
  changed("worker", (service) => ({ env: { ...service.env, ...env } }));
const workerMount = (change: Partial<ServiceFact["mounts"][number]>): Partial<FactValues> =>
  changed("worker", ({ mounts }) => ({
    mounts: mounts.map((mount, index) => (index === 0 ? { ...mount, ...change } : mount)),
  }));
const workerFile = (change: Partial<FactValues["insides"][number]["files"][number]>): Partial<FactValues> => ({
  insides: compliant.insides.map((inside) =>
    inside.service === "worker" ? { ...inside, files: inside.files.map((file) => ({ ...file, ...change })) } : inside,
  ),
});
const production: Partial<FactValues> = {
  production: true,
  rest: { ...compliant.rest, autolock: true },
  audit: { ...compliant.audit, auditd: "watches" },
  backup: { ...compliant.backup, address: "s3://bucket/goimg-prod.age" },
};
const { tokens, starts, providers, backends, status, accepted, files, rest, stacks, audit, backup, build } = compliant;
const hits = { ...compliant.shown, hits: ["DB_PASSWORD-g1 (base64+1) in services"] };
const silent = { ...compliant.shown, provedByPlanted: false };
const secretStatus = (change: Partial<FactValues["status"][number]>): Partial<FactValues> => ({
  status: status.map((one) => (one.secret === "DB_PASSWORD" ? { ...one, ...change } : one)),
});
const postgres = (accepts: readonly (number | string)[]): Partial<FactValues> => ({
  accepted: accepted.map((one) => (one.server === "postgres" ? { ...one, accepts } : one)),
});
const generation = (number: number) => ({
  generation: number,
  phase: "active",
  ageDays: 1,
  createdAt: "2026-11-01T00:00:00.000Z",
});

const violation = (level: "mandatory" | "advisory") => {
  return { policy: "strength", rule: "password", level, message: "it is short" };
};

/** By control: what is broken, and a word of what is then said. */
const breakages: Readonly<Record<string, readonly (readonly [string, Partial<FactValues>, RegExp])[]>> = {
  "secrets-manager": [
    ["a catalog's name in the environment", workerEnv({ SMTP_PASSWORD: "x" }), /worker.*SMTP_PASSWORD/],
    ["a secret in the environment", workerEnv({ API_TOKEN: "k3J9xQ2mPz81Lw0vRt5Y" }), /worker.*API_TOKEN/],
    ["the development provider", workerEnv({ SECRET_PROVIDER: "env" }), /worker.*SECRET_PROVIDER=env/],
    ["no provider", changed("worker", () => ({ env: {} })), /worker.*unset/],
    [
      "a grant that is not mounted",
      changed("worker", ({ mounts }) => ({ mounts: mounts.slice(1) })),
      /worker is granted/,
    ],
  ],
  "no-hardcoded-secrets": [
    [
      "a finding of the scan",
      { files: { ...files, findings: [".env:1 has X in the clear (named-secret)"] } },
      /\.env:1/,
    ],
    ["a real value in a file", { files: { ...files, search: hits } }, /base64/],
    ["a search that finds nothing at all", { files: { ...files, search: silent } }, /silence/],
  ],
  "provider-abstraction": [
    ["one backend", { backends: backends.slice(0, 1) }, /fewer than two/],
    [
      "a backend that answers something else",
      { backends: backends.map((one) => ({ ...one, answersTheValue: false })) },
      /docker does not answer/,
    ],
    [
      "an image that takes any provider",
      { providers: providers.map((one) => ({ ...one, reasons: ["missing"] })) },
      /does not exist/,
    ],
    [
      "an image that knows one provider",
      { providers: providers.map((one) => (one.provider === "env" ? { ...one, reasons: ["unknown-provider"] } : one)) },
      /does not know the provider env/,
    ],
    ["an image that does not ask", { providers: providers.map((one) => ({ ...one, named: [] })) }, /did not ask/],
    [
      "a provider that was not tried",
      { providers: providers.filter(({ provider }) => provider !== "env") },
      /no image/,
    ],
  ],
  "fail-fast": [
    [
      "a service that runs on",
      { starts: starts.map((one) => (one.service === "api" ? { ...one, exitCode: undefined } : one)) },
      /api runs/,
    ],
    ["a service that ends with 0", { starts: starts.map((one) => ({ ...one, exitCode: 0 })) }, /ends with 0/],
    ["a service that names nothing", { starts: starts.map((one) => ({ ...one, named: [] })) }, /does not say/],
    ["a service that was not started", { starts: starts.slice(1) }, /api holds secrets/],
  ],
  "not-in-inspect": [
    ["a real value", { shown: hits }, /DB_PASSWORD-g1 \(base64/],
    ["a search that finds nothing at all", { shown: silent }, /silence/],
    ["no value known", { shown: { ...compliant.shown, values: [] } }, /no value/],
  ],
  "zero-downtime-rotation": [
    ["stop first", changed("worker", () => ({ order: "stop-first" })), /worker stops/],
    ["rolling back stop first", changed("worker", () => ({ rollbackOrder: "stop-first" })), /worker stops/],
    ["no way back", changed("worker", () => ({ onFailure: "pause" })), /worker does not roll back/],
    ["no health check", changed("worker", () => ({ hasHealth: false })), /worker has no health/],
    ["one task behind the gateway", changed("api", () => ({ replicas: 1 })), /api is behind/],
    ["unsettled", secretStatus({ unsettled: ["worker: one task holds generation 1"] }), /one task/],
    ["three generations", secretStatus({ generations: [1, 2, 3].map(generation) }), /more than two/],
    ["a retired generation that still works", postgres([1, 2]), /still accepts generation 2/],
    ["a live one that does not", postgres([]), /does not accept generation 1/],
    ["a login that nobody knows", postgres([1, "the login role eve"]), /eve/],
    ["a server that was not asked", { accepted: accepted.slice(0, 1) }, /no server was asked/],
  ],
  "rs256-4096": [
    ["another algorithm", { tokens: { ...tokens, keys: [{ kid: "e1", alg: "ES256", kty: "EC", bits: 0 }] } }, /ES256/],
    ["a short key", { tokens: { ...tokens, keys: [{ kid: "g1", alg: "RS256", kty: "RSA", bits: 2048 }] } }, /2048/],
    ["no key", { tokens: { ...tokens, keys: [] } }, /empty/],
    [
      "a refused token of its own",
      { tokens: { ...tokens, tries: [{ what: "a token", shouldBe: "accepted", status: 401 }] } },
      /401/,
    ],
    [
      "an accepted forgery",
      { tokens: { ...tokens, tries: [{ what: "a forged token", shouldBe: "refused", status: 404 }] } },
      /404/,
    ],
    [
      "an error in place of a refusal",
      { tokens: { ...tokens, tries: [{ what: "a forged token", shouldBe: "refused", status: 500 }] } },
      /500/,
    ],
    ["the legacy key", { tokens: { ...tokens, legacy: [1] } }, /JWT_SECRET/],
  ],
  "never-committed": [
    [
      "a value in the history",
      { history: { ...compliant.history, seen: ["git has DB_PASSWORD-g1 (.env in 0123)"] } },
      /git has/,
    ],
  ],
  "strong-random": [
    ["a weak value", { formats: [{ name: "DB_PASSWORD-g1", reasons: ["is weak"] }] }, /DB_PASSWORD-g1 is weak/],
    ["one value twice", { repeated: ["DB_PASSWORD-g1 and REDIS_PASSWORD-g1"] }, /same value/],
  ],
  "file-permissions": [
    ["a spec's mode", workerMount({ mode: 0o444 }), /worker mounts .* 0444/],
    ["a spec's owner", workerMount({ uid: "0" }), /for user 0/],
    ["a file's mode", workerFile({ mode: 0o440 }), /worker finds .* 0440/],
    ["a file's owner", workerFile({ uid: "0" }), /of user 0/],
    ["a link", workerFile({ type: "l" }), /not a regular file/],
    ["a service that was not looked into", { insides: compliant.insides.slice(1) }, /api holds secrets, and no/],
    ["a folder of the operator", { host: [{ path: "/state", directory: true, mode: 0o755 }] }, /chmod 700/],
    ["a file of the operator", { host: [{ path: "/state/passphrase", directory: false, mode: 0o640 }] }, /chmod 600/],
  ],
  "encrypted-at-rest": [
    ["a value in the state", { rest: { ...rest, stateProblems: ["x is in the state in the clear"] } }, /in the clear/],
    ["a value on disk", { rest: { ...rest, search: hits } }, /on disk/],
    ["a plain network", { rest: { ...rest, plainNetworks: ["goimg-dev-cache"] } }, /goimg-dev-cache/],
    ["a file on a disk", workerFile({ fileSystem: "overlay" }), /overlay/],
    ["production without autolock", { ...production, rest }, /autolock/],
  ],
  "separate-environments": [
    [
      "a value of another stack",
      { stacks: { ...stacks, others: [{ stack: "prod", shared: ["DB_PASSWORD-g1"] }] } },
      /prod/,
    ],
    ["the same salt", { stacks: { ...stacks, sameSalt: ["Pulumi.prod.yaml"] } }, /salt/],
    ["another stack's secret", workerMount({ stack: "prod", generation: 7 }), /of the stack prod/],
    ["nobody's secret", workerMount({ stack: undefined, generation: undefined }), /no stack/],
  ],
  "access-monitored": [
    ["a changed log", { audit: { ...audit, entries: 0, broken: "line 3: its content was changed" } }, /line 3/],
    ["an empty log", { audit: { ...audit, entries: 0 } }, /empty/],
    ["an unseen change", { audit: { ...audit, unrecorded: ["service api was changed"] } }, /service api/],
    ["a task that says nothing", { audit: { ...audit, reports: [{ task: "api.2", said: false }] } }, /api\.2/],
    [
      "a rule that is not loaded",
      { ...production, audit: { ...audit, auditd: "incomplete", unwatched: ["-w /x"] } },
      /-w \/x/,
    ],
    ["production without auditd", { ...production, audit }, /auditd/],
  ],
  "least-privilege": [
    ["an ungranted secret", workerMount({ entry: "JWT_PRIVATE_KEY" }), /JWT_PRIVATE_KEY/],
    ["a file that was not mounted", workerFile({ name: "OTHER" }), /finds OTHER/],
    [
      "root",
      changed("worker", ({ mounts }) => ({ user: "0:0", mounts: mounts.map((mount) => ({ ...mount, uid: "0" })) })),
      /root/,
    ],
    ["capabilities", changed("worker", () => ({ dropsAll: false })), /capabilities/],
    ["a writable root", changed("worker", () => ({ readOnly: false })), /written/],
  ],
  "expiry-tracked": [
    ["an overdue secret", secretStatus({ inDays: -4, due: "2026-11-21" }), /4 days ago/],
    ["a secret without a due date", { status: status.filter(({ secret }) => secret !== "S3_KEY") }, /no due date/],
    [
      "an unknown age",
      { store: compliant.store.map((one) => ({ ...one, createdAt: new Date(Number.NaN) })) },
      /not known/,
    ],
  ],
  backups: [
    ["a plain one", { backup: { ...backup, encrypted: false } }, /not encrypted/],
    ["a changed one", { backup: { ...backup, asRecorded: false } }, /not what was written/],
    ["an old one", { backup: { ...backup, at: new Date(Date.now() - 9 * 86_400_000) } }, /9 days old/],
    ["one that holds a value", { backup: { ...backup, holds: ["DB_PASSWORD-g1 (raw) in x"] } }, /revoke/],
    ["production's on the machine", { ...production, backup }, /on this machine/],
  ],
  "build-validation": [
    ["a violation", { build: { ...build, violations: [violation("mandatory")] } }, /strength/],
    [
      "a malformed value that is taken",
      { build: { ...build, malformed: { entry: "SMTP_PASSWORD", refused: false } } },
      /SMTP_PASSWORD/,
    ],
    ["a preview that fails", { build: { ...build, failure: "external is not encrypted" } }, /not encrypted/],
    ["an empty pack", { build: { ...build, policies: [] } }, /empty/],
  ],
};

/** Breakages that are two failures. */
const alsoFails: Readonly<Record<string, readonly string[]>> = {
  "a grant that is not mounted": ["least-privilege"],
  "an ungranted secret": ["secrets-manager"],
};

describe("the gate", () => {
  it("has the requirement's seven controls and ten practices, in its words and order", () => {
    const page = readFileSync(new URL("requirement.txt", import.meta.url), "utf8")
      .trim()
      .split("\n");
    expect(controls.map(({ kind, number, title }) => `${kind} ${number}: ${title}`)).toEqual(page);
    expect(new Set(controls.map(({ id }) => id)).size).toBe(17);
    expect(Object.keys(breakages)).toEqual(controls.map(({ id }) => id));
  });

  it("passes where every control holds, in production too", async () => {
    expect(await without(compliant)).toEqual([]);
    expect(await without({ ...compliant, ...production })).toEqual([]);
    expect(await without({ ...compliant, build: { ...build, violations: [violation("advisory")] } })).toEqual([]);
  });

  describe("on a stack that keeps its values in Vault", () => {
    const worker = (change: (service: ServiceFact) => Partial<ServiceFact>): FactValues => ({
      ...compliantInVault,
      services: compliantInVault.services.map((service) =>
        service.name === "worker" ? { ...service, ...change(service) } : service,
      ),
    });
    type Access = NonNullable<ServiceFact["access"]>;
    const access = (change: (of: Access) => Partial<Access>) =>
      worker(({ access: of = { role: "", entries: [], others: [] } }) => ({ access: { ...of, ...change(of) } }));
    const login = (change: Partial<ServiceFact["mounts"][number]>) =>
      worker(({ mounts }) => ({ mounts: mounts.map((mount) => ({ ...mount, ...change })) }));

    it("passes", async () => {
      expect(await without(compliantInVault)).toEqual([]);
    });

    it.each([
      [
        "a grant that the login can't read",
        access(({ entries }) => ({ entries: entries.filter((entry) => entry !== "DB_PASSWORD") })),
        ["secrets-manager"],
        /worker is granted DB_PASSWORD, .* can't read it/,
      ],
      [
        "an entry that is not granted",
        access(({ entries }) => ({ entries: ["JWT_PRIVATE_KEY", ...entries] })),
        ["least-privilege"],
        /worker's login may read JWT_PRIVATE_KEY/,
      ],
      [
        "a rule for more",
        access(() => ({ others: ["read secret/data/+"] })),
        ["least-privilege"],
        /more than .* secret\/data\/\+/,
      ],
      ["another service's login", login({ login: "api" }), ["least-privilege"], /worker mounts what api logs in with/],
      [
        "another stack's login",
        login({ login: undefined, stack: "prod" }),
        ["separate-environments", "least-privilege"],
        /of the stack prod|does not grant/,
      ],
    ])("fails on %s, and says so", async (_what, broken, fails, said) => {
      expect(await without(broken)).toEqual(fails);
      for (const control of controls.filter(({ id }) => fails.includes(id)))
        expect((await checkControl(control, factsFrom(broken))).problems.join("\n")).toMatch(said);
    });
  });

  describe.each(controls)("the control $id", (control) => {
    it.each(breakages[control.id] ?? [])("fails on %s, and says so", async (what, change, said) => {
      const broken = { ...compliant, ...change };
      expect(await without(broken)).toEqual(
        controls.map(({ id }) => id).filter((id) => id === control.id || alsoFails[what]?.includes(id)),
      );
      const { verdict, problems } = await checkControl(control, factsFrom(broken));
      expect(verdict).toBe("fail");
      expect(problems.join("\n")).toMatch(said);
    });

    it("is not checked, and does not pass, when what it looks at can't be read", async () => {
      const facts = factsFrom(compliant);
      const reads: string[] = [];
      const watched = new Proxy(facts, {
        get(target, name: keyof FactValues) {
          reads.push(name);
          return target[name];
        },
      });
      await checkControl(control, watched);
      expect(reads.length).toBeGreaterThan(0);
      for (const name of reads) {
        const unreadable = { ...facts, [name]: () => Promise.reject(new NotReadable("the engine is away")) };
        const { verdict, problems } = await checkControl(control, unreadable);
        expect({ verdict, problems }).toEqual({ verdict: "not checked", problems: ["the engine is away"] });
      }
    });
  });

  it("passes nothing where there is nothing to look at", async () => {
    const empty: FactValues = {
      ...compliant,
      ...{ services: [], store: [], insides: [], formats: [], starts: [], providers: [], status: [], accepted: [] },
      shown: { ...compliant.shown, places: 0 },
      files: { ...files, scanned: [] },
      rest: { ...rest, search: { ...rest.search, places: 0 } },
      history: { ...compliant.history, commits: 0 },
      tokens: { ...tokens, tries: [] },
      audit: { ...audit, entries: 0 },
      backup: { ...backup, bytes: 0 },
      build: { ...build, resources: 0 },
    };
    expect(await without(empty)).toEqual(controls.map(({ id }) => id));
  });
});
