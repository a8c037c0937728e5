/** The two passphrases' files: what is made, what is refused, and what a killed take-over leaves. */
import { link, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPassphrases, takeOver } from "../../../../cli/passphrase/files.ts";

let directory: string;
let current: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "goimg-files-"));
  current = path.join(directory, "passphrase");
  await writeFile(current, "the old passphrase\n", { mode: 0o600 });
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const env = (): NodeJS.ProcessEnv => ({ PULUMI_CONFIG_PASSPHRASE_FILE: current });

describe("the new passphrase", () => {
  it("is generated beside the old one for its owner alone, and found again", async () => {
    expect((await openPassphrases(env(), undefined, false)).new).toBeUndefined();
    const made = await openPassphrases(env(), undefined, true);
    expect(made.old).toBe("the old passphrase");
    expect(made.new).toMatch(/^[\w-]{43}$/);
    expect((await stat(`${current}.next`)).mode & 0o777).toBe(0o600);
    expect((await openPassphrases(env(), undefined, true)).new).toBe(made.new);
  });

  it("takes the old one's place, which is kept; a kill in between changes nothing of that", async () => {
    const made = await openPassphrases(env(), undefined, true);
    await link(current, `${current}.old`);
    expect(await takeOver(made)).toBe(`${current}.old`);
    expect(await readFile(current, "utf8")).toBe(made.new);
    expect(await readFile(`${current}.old`, "utf8")).toBe("the old passphrase\n");
    await expect(stat(`${current}.next`)).rejects.toThrow("ENOENT");
    const second = await openPassphrases(env(), undefined, true);
    expect(await takeOver(second)).toBe(`${current}.old.2`);
    expect(await readFile(`${current}.old`, "utf8")).toBe("the old passphrase\n");
    expect(await readFile(`${current}.old.2`, "utf8")).toBe(made.new);
  });

  it("stays in a file that was given, and the old one where it was", async () => {
    const given = path.join(directory, "team");
    await writeFile(given, "a passphrase of the team\n", { mode: 0o600 });
    const found = await openPassphrases(env(), given, true);
    expect(found).toMatchObject({ new: "a passphrase of the team", replaces: undefined });
    expect(await takeOver(found)).toBeUndefined();
    expect(await readFile(current, "utf8")).toBe("the old passphrase\n");
  });

  it.each([
    ["can be read by others", "a passphrase of the team", 0o640, /can be read by others: chmod 600/],
    ["is the old one", "the old passphrase", 0o600, /holds the passphrase that is in use/],
    ["is too short", "5 letters", 0o600, /too short: at least 16 characters/],
    ["is empty", "\n", 0o600, /is empty/],
  ])("is refused when it %s, without a word of it", async (_why, text, mode, message) => {
    const given = path.join(directory, "team");
    await writeFile(given, text, { mode });
    const refused = openPassphrases(env(), given, true);
    await expect(refused).rejects.toThrow(message);
    if (text.trim() !== "") await expect(refused).rejects.not.toThrow(new RegExp(text.trim()));
  });

  it("can't take the place of one that is in the environment", async () => {
    const set = { PULUMI_CONFIG_PASSPHRASE: "the old passphrase" };
    await expect(openPassphrases(set, undefined, true)).rejects.toThrow(/--new-passphrase-file FILE/);
    const given = path.join(directory, "generated");
    expect((await openPassphrases(set, given, true)).new).toMatch(/^[\w-]{43}$/);
  });

  it("is not another one while a change is under way", async () => {
    await openPassphrases(env(), undefined, true);
    await expect(openPassphrases(env(), path.join(directory, "team"), true)).rejects.toThrow(/finish it first/);
  });
});
