import { access } from "node:fs/promises";
import path from "node:path";
import { OperatorError } from "../error.ts";
import { pulumi } from "../pulumi.ts";
import type { Change, ChangePlace } from "./change.ts";
import type { Passphrases } from "./files.ts";
import { stacksOf } from "./sealed.ts";

/**
 * Has pulumi itself open every value of every state and its config with the new passphrase. What it prints is dropped.
 *
 * @throws OperatorError with what pulumi said; the old passphrase is where it was
 */
export async function readBack(
  { files, project, cwd }: ChangePlace,
  { foreign }: Change,
  passphrases: Passphrases,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const settings = { ...env, PULUMI_CONFIG_PASSPHRASE_FILE: passphrases.newFile };
  // It goes before the file, so that it has to go.
  const run = { cwd, env: settings, unset: ["PULUMI_CONFIG_PASSPHRASE"], output: "capture" } as const;
  for (const stack of (await stacksOf(files, project)).filter((one) => !foreign.includes(one))) {
    const hasConfig = await access(path.join(cwd, `Pulumi.${stack}.yaml`)).then(
      () => true,
      () => false,
    );
    const commands = [
      ["stack", "export", "--show-secrets", "--stack", stack],
      ...(hasConfig ? [["config", "--show-secrets", "--json", "--stack", stack]] : []),
    ];
    for (const command of commands) {
      const { exitCode, stderr } = await pulumi(command, run);
      if (exitCode === 0) continue;
      const kept = passphrases.replaces === undefined ? "" : `; the old one is in ${passphrases.replaces} still`;
      throw new OperatorError(
        `the new passphrase in ${passphrases.newFile} does not open ${stack}${kept}. pulumi ${command.slice(0, 2).join(" ")}:\n${stderr.trim()}`,
      );
    }
  }
}
