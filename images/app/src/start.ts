import { EXIT_CONFIG, findingLine } from "../../../runtime/findings.ts";
import { startOrExit } from "../../../runtime/load.ts";
import type { Secrets } from "../../../runtime/secrets.ts";

/**
 * Loads the service's secrets and makes sure of the entries that the program can't do without; exits with 78 and one JSON
 * line a fault when something is wrong.
 */
export async function start(service: string, required: readonly string[]): Promise<Secrets> {
  const secrets = await startOrExit({ service });
  const lines = required.flatMap((entry) => {
    try {
      secrets.validateRequired([entry]);
      return [];
    } catch {
      const message = `${entry} is not granted to ${service} or has no live generation; declare one`;
      return [findingLine({ secret: null, entry, generation: null, reason: "not-granted", message }, service)];
    }
  });
  if (lines.length === 0) return secrets;
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exit(EXIT_CONFIG);
}
