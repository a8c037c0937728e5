import { text, type Kind } from "../../stores/provider/kind.ts";
import { connected } from "../ssh/connection.ts";
import {
  addressRule,
  bootPatience,
  keyRule,
  loginOf,
  machineKeyFile,
  machineRule,
  publicKeyRule,
  type Login,
} from "./inputs.ts";

interface HostKey extends Login {
  /** The machine itself, by its cloud's number: another one may be given the same address. */
  readonly machine: string;
  readonly host: string;
  /** Public part of the key that the machine was given for its first contact. */
  readonly firstContactKey: string;
}

/**
 * The SSH host key that a machine made for itself, learned over a connection that was checked with the key of its first contact.
 * The machine keeps both until it joins (`node.ts`), so that a run that was killed in between can ask again.
 */
export const hostKey: Kind<HostKey> = {
  replacing: ["machine", "host", "firstContactKey"],
  parse: (inputs, problems) => ({
    machine: text(inputs, "machine", problems, machineRule, "a machine's number"),
    host: text(inputs, "host", problems, addressRule, "an address"),
    ...loginOf(inputs, problems),
    firstContactKey: text(inputs, "firstContactKey", problems, publicKeyRule, "a public key in OpenSSH's form"),
  }),
  id: ({ host, machine }) => `${host}/${machine}`,
  create: () => Promise.resolve(),
  async made({ host, user, privateKey, firstContactKey }, before) {
    const known = before["hostKey"];
    if (typeof known === "string") return { plain: { hostKey: known } };
    return connected({ host, user, privateKey, hostKey: firstContactKey }, bootPatience, async ({ run }) => {
      // The file is written at the end of the machine's first boot.
      const wait = `for i in $(seq 300); do test -s ${machineKeyFile}.pub && break; sleep 1; done; cat ${machineKeyFile}.pub`;
      const printed = (await run(wait)).trim().split(" ").slice(0, 2).join(" ");
      if (!keyRule.test(printed)) throw new Error(`${host}: ${machineKeyFile}.pub holds no ed25519 key`);
      return { plain: { hostKey: printed } };
    });
  },
  // What can't be reached is not proven to be gone: that is what its droplet's own refresh tells.
  exists: () => Promise.resolve(true),
  update: () => Promise.resolve(),
  delete: () => Promise.resolve(),
};
