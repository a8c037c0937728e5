import { createHash, timingSafeEqual } from "node:crypto";
import { member, vaultAddress } from "../../../runtime/vaultHttp.ts";
import { entryRule, generationOf, pathRule, text, valueOf, type Kind } from "./kind.ts";
import { vault, VaultError } from "./vaultClient.ts";

interface VaultGeneration {
  /** Vault's address, such as `https://vault.example:8200`. */
  readonly address: string;
  /** A KV v2 engine. */
  readonly mount: string;
  /** Folder of the stack's entries in it. */
  readonly folder: string;
  readonly entry: string;
  /** The version of the entry, too. */
  readonly generation: number;
  readonly value: string;
}

/**
 * Generation G of an entry is version G of `<mount>/<folder>/<entry>`. Vault counts versions itself, so a number can't be used for
 * a second value, whoever tries; and a version that is destroyed stays so.
 */
export const vaultGeneration: Kind<VaultGeneration> = {
  replacing: ["address", "mount", "folder", "entry", "generation", "value"],
  parse: (inputs, problems) => ({
    address: text(inputs, "address", problems, vaultAddress, "an address: https://HOST:PORT"),
    mount: text(inputs, "mount", problems, pathRule, "the path of a KV v2 engine"),
    folder: text(inputs, "folder", problems, pathRule, "a path"),
    entry: text(inputs, "entry", problems, entryRule, "an entry's name: A-Z, 0-9, _, at most 48"),
    generation: generationOf(inputs, problems),
    value: valueOf(inputs, problems),
  }),
  id: ({ mount, folder, entry, generation }) => `${mount}/${folder}/${entry}?version=${generation}`,
  async create(inputs) {
    const { address, generation, value } = inputs;
    let newest = await newestVersion(inputs);
    if (generation - newest > mostPadding) {
      throw new Error(
        `generation ${generation} is more than ${mostPadding} above version ${newest} of ${path(inputs)}: is it a typing error?`,
      );
    }
    // Numbers that this store never held: taken by empty versions, destroyed at once.
    while (newest < generation - 1) {
      if (await put(inputs, newest, {})) await destroy({ ...inputs, generation: newest + 1 });
      newest = await newestVersion(inputs);
    }
    if (newest === generation - 1 && (await put(inputs, newest, { value }))) return;
    // There already: a run that was killed has put it, or somebody else something else.
    if (await holds(inputs)) return;
    throw new Error(
      `version ${generation} of ${path(inputs)} exists in Vault at ${address} with another value, or was destroyed: ` +
        "a number is never used twice; publish a new generation (goimg-secrets rotate)",
    );
  },
  exists: holds,
  delete: destroy,
};

/** How many numbers may be left out at once: each costs two requests. */
const mostPadding = 1000;

const path = ({ mount, folder, entry }: VaultGeneration): string => `${mount}/${folder}/${entry}`;
const route = (part: string, { mount, folder, entry }: VaultGeneration): string =>
  `${mount}/${part}/${folder}/${entry}`;

async function newestVersion(inputs: VaultGeneration): Promise<number> {
  const answer = await vault(inputs.address, "GET", route("metadata", inputs));
  return Number(member(answer, "data", "current_version") ?? 0);
}

/** Writes the version after `newest`; false when somebody else has written it meanwhile (check-and-set). */
async function put(inputs: VaultGeneration, newest: number, data: object): Promise<boolean> {
  try {
    await vault(inputs.address, "POST", route("data", inputs), { options: { cas: newest }, data });
    return true;
  } catch (error) {
    if (error instanceof VaultError && error.status === 400 && (await newestVersion(inputs)) > newest) return false;
    throw error;
  }
}

/** Whether Vault holds this value in this version: compared by hash, in constant time. */
async function holds(inputs: VaultGeneration): Promise<boolean> {
  const answer = await vault(inputs.address, "GET", `${route("data", inputs)}?version=${inputs.generation}`);
  const found = member(answer, "data", "data", "value");
  return typeof found === "string" && timingSafeEqual(digest(found), digest(inputs.value));
}

const digest = (value: string): Buffer => createHash("sha256").update(value).digest();

async function destroy(inputs: VaultGeneration): Promise<void> {
  await vault(inputs.address, "PUT", route("destroy", inputs), { versions: [inputs.generation] });
}
