/**
 * Whatever ends an update, the next one converges: nothing orphaned, no value lost. Three stacks side by side, as an update is
 * mostly waiting; the tests of one stack go on from where the one before has left it.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { locks } from "../../cli/recovery/locks.ts";
import { imageTag } from "../../toolchain/images.ts";
import { expectUp, killAndRunAgain, momentOf, seed, steps } from "./resume.ts";
import { fingerprints, inState } from "./inventory.ts";
import { checkpoints } from "./kill.ts";
import { createProject, type Project } from "./project.ts";
import { relayTo } from "./relay.ts";
import { SmallDisk } from "./smallDisk.ts";
import { eventually } from "./swarm.ts";

const up = ["up", "--yes", "--skip-preview"] as const;

/** A stack's tests: one after the other, beside those of the other stacks. */
const sideBySide = (name: string, tests: () => void): void => {
  describe.concurrent(name, () => {
    describe("in turn", { concurrent: false }, tests);
  });
};

process.stdout.write(`GOIMG_FAULT_SEED=${seed}\n`);

sideBySide("an update of a stack that is up", () => {
  let stack: Project;
  const untouched = async (): Promise<unknown> => [await inState(stack), [...(await fingerprints(stack))].sort()];

  beforeAll(async () => {
    stack = await createProject({ stack: "dev-up" });
    await expectUp(stack, new Map());
  });

  afterAll(async () => {
    expect((await stack.remove()).exitCode).toBe(0);
  });

  it("says so when Docker is not running, and changes nothing", async () => {
    const before = await untouched();
    const gone = { DOCKER_HOST: `unix://${path.join(tmpdir(), "no-docker.sock")}` };
    // Something to do, as an update without changes asks nothing of Docker.
    await stack.configure({ images: { gateway: imageTag("app") } });
    try {
      const { exitCode, stdout, stderr } = await stack.pulumiWith(gone, ...up);
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).toMatch(/no-docker\.sock/);
    } finally {
      await stack.configure({ images: undefined });
    }
    expect(await untouched()).toEqual(before);
    await expect(stack.recover(gone)).rejects.toThrow(/Docker does not answer at unix:.*no-docker\.sock/);
    expect(await untouched()).toEqual(before);
  });

  it("says so when the passphrase is wrong or missing, and changes nothing", async () => {
    const before = await untouched();
    const folder = await mkdtemp(path.join(tmpdir(), "goimg-passphrase-"));
    try {
      const wrong = path.join(folder, "wrong");
      await writeFile(wrong, "not the passphrase", { mode: 0o600 });
      for (const [file, words] of [
        [wrong, /incorrect passphrase/],
        [path.join(folder, "missing"), /passphrase/i],
      ] as const) {
        const { exitCode, stdout, stderr } = await stack.pulumiWith({ PULUMI_CONFIG_PASSPHRASE_FILE: file }, ...up);
        expect(exitCode).not.toBe(0);
        expect(stdout + stderr).toMatch(words);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await untouched()).toEqual(before);
  });

  it("is refused while another one runs, which is not disturbed", async () => {
    const before = await untouched();
    const first = stack.pulumi("refresh", "--yes", "--skip-preview");
    const place = {
      backend: stack.place.env["PULUMI_BACKEND_URL"] ?? "",
      project: "goimg-secrets",
      stack: stack.stack,
    };
    const held = await eventually(
      () => locks(place),
      (found) => found.length > 0,
    );
    expect(held.map((lock) => lock.hostname)).toEqual([hostname()]);
    const [second, mended] = await Promise.all([
      stack.pulumi(...up),
      stack.recover().then(
        () => "mended",
        (error: unknown) => String(error),
      ),
    ]);
    expect(mended).toMatch(/another update of the stack dev-up is running \(process \d+, since /);
    expect(second.exitCode).not.toBe(0);
    expect(second.stdout + second.stderr).toMatch(/the stack is currently locked by 1 lock/);
    expect((await first).exitCode).toBe(0);
    expect(await untouched()).toEqual(before);
  });

  it.each(steps.map((generations, step) => ({ generations, step: step + 1 })))(
    "converges when it is killed and run again: step $step of a rotation",
    async ({ generations }) => {
      await stack.configure({ generations });
      await killAndRunAgain(stack, "update");
    },
  );

  it("has nothing to do after all that", async () => {
    const { exitCode, stdout } = await stack.up("--expect-no-changes");
    expect(exitCode, stdout).toBe(0);
  });
});

sideBySide("a stack that is made and taken away", () => {
  let stack: Project;

  beforeAll(async () => {
    stack = await createProject({ stack: "dev-new" });
  });

  afterAll(async () => {
    expect((await stack.remove()).exitCode).toBe(0);
  });

  it("converges when its creation is killed and run again", async () => {
    await killAndRunAgain(stack, "create");
  });

  it("comes back when its destruction is killed and it is wanted again", async () => {
    await killAndRunAgain(stack, "destroy", "up");
  });

  it("is gone when its destruction is killed and run again", async () => {
    await killAndRunAgain(stack, "destroy");
  });

  it("converges when its creation is killed and run again, where one was before", async () => {
    await killAndRunAgain(stack, "create");
  });
});

sideBySide("a stack whose disk and whose Docker fail", () => {
  let disk: SmallDisk;
  let stack: Project;

  beforeAll(async () => {
    // Room for the notes of a part of the stack only.
    disk = new SmallDisk("256k");
    stack = await createProject({ stack: "dev-full", state: path.join(disk.folder, "state") });
  });

  afterAll(async () => {
    disk.grow("64m");
    expect((await stack.remove()).exitCode).toBe(0);
    disk.remove();
  });

  it("says so on a full disk, keeps what it did, and converges when going on is killed and run again", async () => {
    const { exitCode, stdout, stderr } = await stack.pulumi(...up);
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/no space left on device/);
    const kept = await fingerprints(stack);
    expect(kept.size).toBeGreaterThan(0);
    disk.grow("64m");
    await killAndRunAgain(stack, "update");
    for (const [urn, hash] of kept) expect({ urn, hash: (await fingerprints(stack)).get(urn) }).toEqual({ urn, hash });
  });

  it("is resumed when the connection to Docker broke in the middle of an update", async () => {
    const socket = path.join(disk.folder, "docker.sock");
    const relay = await relayTo(stack.place.env["DOCKER_HOST"]?.slice("unix://".length) ?? "", socket);
    await stack.configure({ generations: steps[0] });
    const kept = await fingerprints(stack);
    const writes = checkpoints(stack);
    const update = stack.pulumiWith({ DOCKER_HOST: `unix://${socket}` }, ...up);
    await Promise.race([update, writes.after(momentOf("update").checkpoints)]);
    writes.close();
    relay.break();
    const { exitCode, stdout } = await update;
    expect(exitCode, stdout).not.toBe(0);
    expect(existsSync(socket)).toBe(false);
    await expectUp(stack, kept);
  });

  it("is gone when its destruction is killed and run again", async () => {
    await killAndRunAgain(stack, "destroy");
  });
});
