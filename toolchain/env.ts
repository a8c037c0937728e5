import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { engineHost } from "./record.ts";
import { cacheDirectory, projectRoot, pulumiHome, stateDirectory } from "./paths.ts";

/**
 * Settings under which `pulumi` runs: this project's CLI and plugins, a local backend and a passphrase of its own. A backend
 * or passphrase that the user has set stays, so that a team's shared backend is one setting away.
 *
 * Makes the state folder and the passphrase when they are not there.
 */
export function toolchainEnv(): Record<string, string> {
  const state = stateDirectory();
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const host = process.env["DOCKER_HOST"] ?? engineHost("dev");
  return {
    PATH: [
      path.join(projectRoot, "node_modules", ".bin"),
      path.join(pulumiHome(), "bin"),
      process.env["PATH"] ?? "",
    ].join(":"),
    PULUMI_HOME: pulumiHome(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The engine would fetch the plugin of every SDK in node_modules at each start, those of clouds that the stack is not in too.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: process.env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] ?? "true",
    // The engine and its plugins live for seconds and are small: a fifth of their time went to collecting garbage.
    GOGC: process.env["GOGC"] ?? "400",
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? path.join(cacheDirectory(), "node"),
    ...backend(state),
    ...passphrase(state),
    ...(host === undefined ? {} : { DOCKER_HOST: host }),
  };
}

function backend(state: string): Record<string, string> {
  const own = process.env["PULUMI_BACKEND_URL"];
  if (own !== undefined) return { PULUMI_BACKEND_URL: own };
  const directory = path.join(state, "backend");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return { PULUMI_BACKEND_URL: `file://${directory}` };
}

function passphrase(state: string): Record<string, string> {
  const own = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (own !== undefined) return { PULUMI_CONFIG_PASSPHRASE_FILE: own };
  if (process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined) return {};
  return { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(state) };
}

/** The generated passphrase's file. Two runs at once agree on one: the first link wins. */
function passphraseFile(state: string): string {
  const file = path.join(state, "passphrase");
  if (existsSync(file)) return file;
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  writeFileSync(temporary, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  chmodSync(temporary, 0o600);
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return file;
}
