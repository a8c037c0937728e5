import { text, type Inputs, type Problems } from "../../stores/provider/kind.ts";

/** A machine's address: a name or IPv4. */
export const addressRule = /^[a-z0-9][a-z0-9.-]*$/i;
/** A machine's number in its cloud. */
export const machineRule = /^[A-Za-z0-9-]+$/;
/** A public key in OpenSSH's form, as host keys are known by. */
export const publicKeyRule = /^(ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/=]+\s*$/;
/** What a machine makes for itself. */
export const keyRule = /^ssh-ed25519 [A-Za-z0-9+/=]+$/;
export const machineKeyFile = "/etc/ssh/ssh_host_ed25519_key";
/** Where cloud-init puts the key of the first contact. */
export const firstContactKeyFile = "/etc/ssh/ssh_host_ecdsa_key";
/** Has sshd read its settings and keys anew: a command's text. */
export const reloadSshd = "systemctl reload ssh 2>/dev/null || kill -HUP $(cat /run/sshd.pid)";
/** How long a machine may take from its order to its first answer, in milliseconds. */
export const bootPatience = 300_000;

/** A manager of the Swarm: enough to reach it, and to join it. */
export interface Manager {
  /** Where the operator reaches it. */
  readonly host: string;
  /** Where the other nodes do. */
  readonly address: string;
  readonly hostKey: string;
}

/** The managers, or none with a problem reported. */
export function managersOf(inputs: Inputs, problems: Problems): readonly Manager[] {
  const given = inputs["managers"];
  const isManager = (one: unknown): boolean =>
    typeof one === "object" &&
    one !== null &&
    ["host", "address", "hostKey"].every((key) => typeof (one as Record<string, unknown>)[key] === "string");
  if (Array.isArray(given) && given.length > 0 && given.every(isManager)) return given as readonly Manager[];
  problems.set("managers", "must be a list of { host, address, hostKey }");
  return [];
}

/** Who logs in on every machine. */
export interface Login {
  readonly user: string;
  readonly privateKey: string;
}

/** The operator's login, or empty texts with a problem reported. */
export const loginOf = (inputs: Inputs, problems: Problems): Login => ({
  user: text(inputs, "user", problems, /^[a-z_][a-z0-9_-]*$/, "a user's name"),
  privateKey: secretText(inputs, "privateKey", problems),
});

/** A text of which no message says anything. */
export function secretText(inputs: Inputs, property: string, problems: Problems): string {
  const value = inputs[property];
  if (typeof value === "string" && value !== "") return value;
  problems.set(property, "must not be empty");
  return "";
}
