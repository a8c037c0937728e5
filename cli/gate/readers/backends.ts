/** The backends of the runtime library, each asked for a value that it was given. */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatEnvFile, variableOf } from "../../../runtime/envFile.ts";
import { createProvider } from "../../../runtime/provider.ts";
import type { BackendFact } from "../facts.ts";

/** Those of runtime/provider.ts that need no server: a file of a mounted folder, and a line of the development store's file. */
export const backendNames = ["docker", "env"] as const;

/** Gives each backend a made-up value where its store would, and asks for it. */
export async function readBackends(): Promise<readonly BackendFact[]> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-gate-"));
  try {
    const value = randomBytes(24).toString("base64url");
    await writeFile(path.join(directory, "DB_PASSWORD"), value, { mode: 0o400 });
    await chmod(directory, 0o700);
    const file = path.join(directory, "env");
    await writeFile(file, formatEnvFile(new Map([[variableOf("DB_PASSWORD", 1), value]])), { mode: 0o600 });
    return await Promise.all(
      backendNames.map(async (provider) => {
        const context = { directory, env: { SECRETS_ENV_FILE: file } };
        const backend = createProvider(provider, context);
        const read = await backend.read("DB_PASSWORD", { entry: "DB_PASSWORD", generation: 1 }).catch(() => undefined);
        await backend.close?.();
        return {
          provider,
          answersTheValue: read?.toString("utf8") === value,
          allowedInProduction: backend.allowedInProduction,
        };
      }),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
