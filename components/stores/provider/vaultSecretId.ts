import { vaultAddress } from "../../../runtime/vaultHttp.ts";
import { generationOf, pathRule, text, valueOf, type Kind } from "./kind.ts";
import { roleRule } from "./vaultLogin.ts";
import { vault, VaultError } from "./vaultClient.ts";

interface VaultSecretId {
  readonly address: string;
  readonly auth: string;
  readonly role: string;
  readonly generation: number;
  /** The secret id itself: made by the stack, so that a run that was killed knows it when it goes on. */
  readonly value: string;
}

/** A secret id of a role: what its consumer is given as a file. Its next generation is made before this one is destroyed. */
export const vaultSecretId: Kind<VaultSecretId> = {
  replacing: ["address", "auth", "role", "generation", "value"],
  parse: (inputs, problems) => ({
    address: text(inputs, "address", problems, vaultAddress, "an address: https://HOST:PORT"),
    auth: text(inputs, "auth", problems, pathRule, "the path of the AppRole auth method"),
    role: text(inputs, "role", problems, roleRule, "a role's name: a-z, 0-9, -"),
    generation: generationOf(inputs, problems),
    value: valueOf(inputs, problems),
  }),
  id: ({ auth, role, generation }) => `${auth}/${role}/secret-id/${generation}`,
  async create(inputs) {
    if (await exists(inputs)) return;
    await vault(inputs.address, "POST", `${routeOf(inputs)}/custom-secret-id`, { secret_id: inputs.value });
  },
  exists,
  async delete(inputs) {
    if (!(await exists(inputs))) return;
    await vault(inputs.address, "POST", `${routeOf(inputs)}/secret-id/destroy`, { secret_id: inputs.value });
  },
};

const routeOf = ({ auth, role }: VaultSecretId): string => `auth/${auth}/role/${role}`;

/** Vault answers no body for a secret id that it does not know, and an error for a role that it does not know. */
async function exists(inputs: VaultSecretId): Promise<boolean> {
  try {
    const answer = await vault(inputs.address, "POST", `${routeOf(inputs)}/secret-id/lookup`, {
      secret_id: inputs.value,
    });
    return answer !== undefined;
  } catch (error) {
    if (error instanceof VaultError && error.status === 400) return false;
    throw error;
  }
}
