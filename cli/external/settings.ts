import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import * as z from "zod";
import { OperatorError } from "../error.ts";
import { isLoopback } from "../loopback.ts";

/** A credential goes over TLS, or stays on this machine. */
const address = z
  .url({ protocol: /^https?$/, error: "an address is expected, such as https://api.example.com" })
  .refine((text) => !URL.canParse(text) || new URL(text).protocol === "https:" || isLoopback(new URL(text).hostname), {
    error: "https is needed: the value would cross the network in the clear",
  })
  .transform((text) => text.replace(/\/+$/, ""));

const oauth = (url: string) => z.strictObject({ url: address.default(url), clientId: z.string().min(1).optional() });

const settingsSchema = z.strictObject({
  pinata: z.strictObject({ url: address.default("https://api.pinata.cloud") }).prefault({}),
  infura: z.strictObject({ url: address.default("https://ipfs.infura.io:5001") }).prefault({}),
  github: oauth("https://github.com").prefault({}),
  google: oauth("https://oauth2.googleapis.com").prefault({}),
  smtp: z
    .strictObject({
      host: z.string().min(1).optional(),
      // Pulumi's config holds numbers and booleans as text.
      port: z.coerce.number().int().min(1).max(65_535).default(587),
      user: z.string().min(1).optional(),
      from: z.email().optional(),
      secure: z.union([z.boolean(), z.stringbool()]).default(false),
    })
    .prefault({}),
});

/** Where each third party is asked: the stack's plain config `goimg-secrets:providers`. */
export type ProviderSettings = z.infer<typeof settingsSchema>;

/**
 * The settings of a stack's providers, with the providers' public addresses where it has none.
 *
 * @throws OperatorError with every setting that is wrong
 */
export async function readSettings(configFile: string): Promise<ProviderSettings> {
  const document: unknown = parse(await readFile(configFile, "utf8"));
  const { config } = z.object({ config: z.record(z.string(), z.unknown()).default({}) }).parse(document ?? {});
  const result = settingsSchema.safeParse(config["goimg-secrets:providers"] ?? {});
  if (result.success) return result.data;
  const lines = result.error.issues.map(
    ({ path, message }) => `  - goimg-secrets:providers.${path.join(".")}: ${message}`,
  );
  throw new OperatorError(`${configFile}: the providers' settings are wrong:\n${lines.join("\n")}`, 2);
}
