import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChangePlace } from "../../../../cli/passphrase/change.ts";
import { Crypter } from "../../../../cli/passphrase/crypter.ts";
import { decode } from "../../../../cli/state/compression.ts";
import { openState, type StateFiles } from "../../../../cli/state/files.ts";

/** A project's folder with a backend in it, written as Pulumi 3.274 writes it. */
export class FakeBackend {
  readonly directory: string;
  readonly place: ChangePlace;
  /** How many writes are let through before everything fails, as after a kill. */
  writes = Infinity;

  private constructor(directory: string, files: StateFiles) {
    this.directory = directory;
    const counted = async <T>(work: () => Promise<T>): Promise<T> => {
      this.writes -= 1;
      if (this.writes < 0) throw new Error("killed");
      return work();
    };
    this.place = {
      backend: `file://${directory}`,
      project: "goimg",
      cwd: directory,
      files: {
        address: (key) => files.address(key),
        list: (folder) => files.list(folder),
        read: (key) => files.read(key),
        write: (key, content) => counted(() => files.write(key, content)),
        // A lock's release too: a killed process releases none.
        remove: (key) => counted(() => files.remove(key)),
      },
    };
  }

  static async make(): Promise<FakeBackend> {
    const directory = await mkdtemp(path.join(tmpdir(), "goimg-passphrase-"));
    const files = await openState(`file://${directory}`, {});
    if (files === undefined) throw new Error("no folder");
    return new FakeBackend(directory, files);
  }

  async put(name: string, content: string | Buffer): Promise<void> {
    const file = path.join(this.directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content, { mode: 0o600 });
  }

  async text(name: string): Promise<string> {
    return decode(await readFile(path.join(this.directory, name))).text;
  }

  async names(): Promise<readonly string[]> {
    const found = await readdir(this.directory, { recursive: true, withFileTypes: true });
    const files = found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
    return files.map((file) => path.relative(this.directory, file)).sort();
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}

const signature = "4dabf18193072939515e22adb298388d";
const isSecret = "1b47061264138c4ac30d75fd1eb44270";

/** A state as `.pulumi/stacks/…` has it, with a number that JavaScript can't hold. */
export function stateOf(key: Crypter, values: readonly string[]): string {
  const resources = values.map((value, index) => {
    const secret = `{"${signature}":"${isSecret}","ciphertext":"${key.seal(Buffer.from(JSON.stringify(value)))}"}`;
    return `{"urn":"urn:pulumi:dev::goimg::random:index/randomPassword:RandomPassword::P${index}","outputs":{"result":${secret},"n":9007199254740993}}`;
  });
  const provider = `{"type":"passphrase","state":{"salt":"${key.line}"}}`;
  return `{"version":3,"checkpoint":{"stack":"organization/goimg/dev","latest":{"secrets_providers":${provider},"resources":[${resources.join(",")}]}}}`;
}

/** The record of an update: values of the config, and no salt. */
export const recordOf = (key: Crypter, value: string): string =>
  `{"kind":"update","config":{"goimg:key":{"value":"${key.seal(Buffer.from(value))}","secure":true}}}`;

export const configOf = (key: Crypter, value: string): string =>
  `encryptionsalt: ${key.line}\nconfig:\n  # kept\n  goimg:key:\n    secure: ${key.seal(Buffer.from(value))}\n`;

/** What a key opens in a text, apart from salts. */
export function openedIn(text: string, keys: readonly Crypter[]): readonly string[] {
  const values = text.replaceAll(/v1:[^:"\s]{12}:v1:[^:"\s]+:[^:"\s]+/g, "").matchAll(/v1:[^:"\s]{16}:[^:"\s]+/g);
  return [...values].flatMap(([value]) => keys.map((key) => key.open(value)?.toString("utf8") ?? [])).flat();
}
