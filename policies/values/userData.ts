import { parse, stringify } from "yaml";
import { isRecord } from "../model/properties.ts";

/**
 * A machine's user data without the host keys that cloud-init gives it (`ssh_keys`): without one, nobody could know at the first
 * connection whom they speak to. It is the machine's own, as a server's password is the server's. All else is looked at.
 */
export function withoutHostKeys(userData: string): string {
  if (!userData.startsWith("#cloud-config")) return userData;
  const config = read(userData);
  const keys = isRecord(config) ? config["ssh_keys"] : undefined;
  if (!isRecord(config) || !isRecord(keys)) return userData;
  const publicHalves = Object.entries(keys).filter(([name]) => !/^(rsa|dsa|ecdsa|ed25519)_private$/.test(name));
  return `#cloud-config\n${stringify({ ...config, ssh_keys: Object.fromEntries(publicHalves) })}`;
}

function read(yaml: string): unknown {
  try {
    return parse(yaml) as unknown;
  } catch {
    return undefined;
  }
}
