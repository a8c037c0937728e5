/**
 * The stack `app` through the real engine and with the policy pack, on the fake of DigitalOcean: what App Platform would have, and what it
 * would start each component with. No account and no Docker.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formsOf } from "../../../cli/leaks/finder.ts";
import { entries } from "../../../components/catalog/grants.ts";
import { inspectSecrets } from "../../../runtime/load.ts";
import { repository } from "../project.ts";
import { createAppProject, environments, variablesOf, type AppProject, type StoredApp } from "./cloud.ts";

const components = ["api", "db-migrate", "worker"];
const off = { REDIS_PASSWORD: { live: [], active: 0 } };

describe("the app stack", () => {
  let cloud: AppProject;
  let output = "";
  /** Every value that was ever handed over, by `ENTRY value`. */
  const every = new Map<string, string>();

  beforeAll(async () => {
    cloud = await createAppProject({
      appPlatform: { region: "fra", spacesRegion: "fra1", bucket: "test-goimg-app", databaseHost: "db.example.com" },
      images: { app: "registry.digitalocean.com/test/goimg-app:1" },
      generations: off,
    });
    await cloud.project.supply("SMTP_PASSWORD", `of-SMTP,'quoted'"and"$long{}`);
  });

  afterAll(async () => {
    await rm(cloud.project.place.directory, { recursive: true, force: true });
  });

  async function run(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await cloud.project.pulumi(...args);
    output += stdout + stderr;
    expect(exitCode, stdout + stderr).toBe(0);
    return stdout;
  }

  const pack = ["--policy-pack", path.join(repository, "policies")];
  const up = (...args: readonly string[]) => run("up", "--yes", "--skip-preview", ...pack, ...args);

  async function app(): Promise<StoredApp> {
    const found = await cloud.app();
    if (found === undefined) throw new Error("there is no app");
    return found;
  }

  async function handed(): Promise<ReadonlyMap<string, Record<string, string>>> {
    const found = await app();
    const all = environments(cloud.cloud, found);
    for (const [component, names] of variablesOf(found, "SECRET"))
      for (const name of names) every.set(`${name} ${all.get(component)?.[name] ?? ""}`, name);
    return all;
  }

  /** One reviewable edit and an update: answers which variables hold another value, as `api REDIS_PASSWORD`. */
  async function rotate(generations: object): Promise<readonly string[]> {
    const before = await handed();
    const { deployments } = await app();
    await cloud.project.configure({ generations: { ...off, ...generations } });
    await up();
    expect((await app()).deployments).toBe(deployments + 1);
    const after = await handed();
    const secret = variablesOf(await app(), "SECRET");
    return components.flatMap((component) =>
      (secret.get(component) ?? [])
        .filter((name) => before.get(component)?.[name] !== after.get(component)?.[name])
        .map((name) => `${component} ${name}`),
    );
  }

  test("passes the policies in a preview, which makes nothing", async () => {
    expect(await run("preview", ...pack)).toContain("Resources:");
    expect(await cloud.app()).toBeUndefined();
  });

  test("gives each component exactly what it was granted, encrypted and at run time alone", async () => {
    await up();
    const found = await app();
    const secret = variablesOf(found, "SECRET");
    const present = [
      "JWT_PRIVATE_KEY",
      "JWT_PUBLIC_KEY",
      "DB_PASSWORD",
      "S3_ACCESS_KEY",
      "S3_SECRET_KEY",
      "SMTP_PASSWORD",
    ];
    for (const component of components) {
      const granted = entries.filter(({ consumers }) => (consumers as readonly string[]).includes(component));
      const expected = granted.map(({ name }) => name as string).filter((name) => present.includes(name));
      expect(secret.get(component), component).toEqual(expected.sort());
    }
    expect([...secret.keys()].sort()).toEqual(components);
    expect(found.spec.jobs?.map(({ name, kind }) => [name, kind])).toEqual([["db-migrate", "PRE_DEPLOY"]]);
    for (const { envs = [] } of [
      ...(found.spec.services ?? []),
      ...(found.spec.workers ?? []),
      ...(found.spec.jobs ?? []),
    ])
      for (const { key, value, type, scope } of envs) {
        expect(scope, key).toBe("RUN_TIME");
        if (type === "SECRET") expect(value).toMatch(/^EV\[1:[\w+/=]+:[\w+/=]+\]$/);
      }
    expect(found.deployments).toBe(1);
  });

  async function allStart(): Promise<void> {
    for (const [service, env] of await handed()) {
      const { findings, values } = await inspectSecrets({ service, env });
      expect(findings, service).toEqual([]);
      expect(values.size, service).toBeGreaterThan(0);
      // On any other machine the same environment is refused.
      const elsewhere = await inspectSecrets({ service, env: { ...env, DIGITALOCEAN_APP_ID: "${APP_ID}" } });
      expect(elsewhere.findings.map(({ reason }) => reason)).toEqual(["provider-unavailable"]);
    }
  }

  test("starts every component: its runtime finds nothing wrong with what it is handed", allStart);

  test("deploys nothing where nothing changed: not after an update, nor after a refresh", async () => {
    const before = await handed();
    expect(await up("--expect-no-changes")).toContain("unchanged");
    await run("refresh", "--yes", "--skip-preview");
    expect(await up("--expect-no-changes", "--refresh")).toContain("unchanged");
    expect((await app()).deployments).toBe(1);
    expect(await handed()).toEqual(before);
  });

  test("rotates by three edits, each of them one deployment that changes what it concerns and keeps the rest", async () => {
    expect(await rotate({ JWT_KEY: { live: [1, 2], active: 1 } })).toEqual([
      "api JWT_PRIVATE_KEY__2",
      "api JWT_PUBLIC_KEY__2",
    ]);
    await allStart();
    const published = (await handed()).get("api") ?? {};
    const moved = ["JWT_PRIVATE_KEY", "JWT_PRIVATE_KEY__1", "JWT_PUBLIC_KEY", "JWT_PUBLIC_KEY__1"];
    expect(await rotate({ JWT_KEY: { live: [1, 2], active: 2 } })).toEqual(moved.map((name) => `api ${name}`));
    await allStart();
    const promoted = (await handed()).get("api") ?? {};
    expect(promoted["JWT_PRIVATE_KEY"]).toBe(published["JWT_PRIVATE_KEY__2"]);
    expect(promoted["JWT_PRIVATE_KEY__1"]).toBe(published["JWT_PRIVATE_KEY"]);
    expect(await rotate({ JWT_KEY: { live: [2], active: 2 } })).toEqual([]);
    expect(Object.values((await handed()).get("api") ?? {})).not.toContain(published["JWT_PRIVATE_KEY"]);
    await allStart();
    const { deployments } = await app();
    await up("--expect-no-changes");
    expect((await app()).deployments).toBe(deployments);
  });

  test("moves a client of several components to the next generation in one deployment, and back", async () => {
    const keys = { JWT_KEY: { live: [2], active: 2 } };
    // The keys of Spaces are accepted from the moment that they exist: their clients hold the active one alone.
    await cloud.project.configure({ generations: { ...off, ...keys, S3_KEY: { live: [1, 2], active: 1 } } });
    const { deployments } = await app();
    await up();
    expect((await app()).deployments).toBe(deployments);
    const before = await handed();
    const moved = components
      .filter((name) => name !== "db-migrate")
      .flatMap((name) => [`${name} S3_ACCESS_KEY`, `${name} S3_SECRET_KEY`]);
    expect(await rotate({ ...keys, S3_KEY: { live: [1, 2], active: 2 } })).toEqual(moved);
    expect(await rotate({ ...keys, S3_KEY: { live: [1, 2], active: 1 } })).toEqual(moved);
    expect((await handed()).get("worker")?.["S3_SECRET_KEY"]).toBe(before.get("worker")?.["S3_SECRET_KEY"]);
    await allStart();
  });

  test("hands a value over that was made anew under its number", async () => {
    const before = (await handed()).get("api")?.["JWT_PRIVATE_KEY"];
    const state = JSON.parse(await run("stack", "export")) as { deployment: { resources: { urn: string }[] } };
    const urn = state.deployment.resources.find((one) => one.urn.endsWith("::JWT_KEY-g2"))?.urn ?? "";
    await up("--replace", urn);
    expect((await handed()).get("api")?.["JWT_PRIVATE_KEY"]).not.toBe(before);
    await allStart();
  });

  test("refuses what App Platform would not hand over as it is, and says nothing of it", async () => {
    const { deployments } = await app();
    await cloud.project.supply("SMTP_PASSWORD", "q8Zt-issued-with-${APP_ID}-in-it");
    const { exitCode, stdout, stderr } = await cloud.project.pulumi("up", "--yes", "--skip-preview");
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toContain("SMTP_PASSWORD.1 has a dollar sign before a brace");
    expect(stdout + stderr).not.toContain("q8Zt-issued");
    expect((await app()).deployments).toBe(deployments);
    await cloud.project.supply("SMTP_PASSWORD", "rG7+issuedAnew/2nd,Qx9");
    await up();
    await allStart();
  });

  test("goes on where App Platform does not say what runs", async () => {
    const id = (await app()).id;
    await rm(path.join(cloud.cloud, "app", `${id}.json`));
    const text = await up("--refresh");
    expect(text).toContain("does not say what runs");
    expect((await app()).id).not.toBe(id);
    await allStart();
    await up("--expect-no-changes");
  });

  test("holds no value in the clear: not in the output, the state or its history, nor in what the cloud answers", async () => {
    await handed();
    const below = await readdir(cloud.project.state, { recursive: true, withFileTypes: true });
    const files = below
      .filter((one) => one.isFile())
      .map((one) => readFile(path.join(one.parentPath, one.name), "latin1"));
    const texts = {
      output,
      state: (await Promise.all(files)).join("\n"),
      outputs: await run("stack", "output", "--json"),
      cloud: JSON.stringify(await app()),
    };
    expect(texts.state).toContain("JWT_KEY-g2");
    // A refresh reads inputs, too, and marks none: the next update does.
    expect(await run("stack", "export")).not.toContain("EV[1:");
    expect(texts.cloud).toContain("SECRETS_MANIFEST");
    // The id of a key of Spaces is the id of its resource, which Pulumi prints: no secret without the other half.
    const isPublic = (name: string): boolean => /^(JWT_PUBLIC_KEY|S3_ACCESS_KEY)/.test(name);
    const needles = [...every].filter(([, name]) => !isPublic(name));
    const leaks = needles.flatMap(([pair, name]) =>
      formsOf(name, Buffer.from(pair.slice(name.length + 1))).flatMap(({ label, bytes }) =>
        Object.entries(texts).flatMap(([where, text]) =>
          text.includes(bytes.toString("latin1")) ? [`${label} in ${where}`] : [],
        ),
      ),
    );
    expect(needles).toHaveLength(10);
    expect(leaks).toEqual([]);
  });

  test("is taken down", async () => {
    const state = JSON.parse(await run("stack", "export")) as { deployment: { resources: { urn: string }[] } };
    const bucket = state.deployment.resources.find(({ urn }) => urn.includes("SpacesBucket::objects"))?.urn ?? "";
    await run("state", "unprotect", "--yes", bucket);
    await run("destroy", "--yes", "--skip-preview");
    expect(await cloud.app()).toBeUndefined();
  });
});
