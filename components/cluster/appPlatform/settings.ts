import { InvalidSettings, textReader, type TextReader } from "../../settings.ts";
import { bucketName, spacesRegion } from "../digitalocean/settings.ts";

/** What a stack on App Platform is told: its config's `appPlatform`. Holds no secret. */
export interface AppPlatformSettings {
  /** Region of the app, such as `fra`. */
  readonly region: string;
  /** Region of Spaces, such as `fra1`. */
  readonly spacesRegion: string;
  /** Bucket of the application's objects. Names of buckets are everybody's: no two accounts have the same. */
  readonly bucket: string;
  /** Host name or address of PostgreSQL, which this stack does not run. */
  readonly databaseHost: string;
  /** @default 5432 */
  readonly databasePort: number;
  /** UUID of the VPC that leads to it. @default none: it is reached over the internet */
  readonly vpc?: string;
}

/** Every problem of the settings at once, each with its key and what is expected. */
export class InvalidAppPlatformSettings extends InvalidSettings {
  constructor(problems: readonly string[]) {
    super(
      "app is",
      problems.map((problem) => `appPlatform.${problem}`),
    );
  }
}

const known = ["region", "spacesRegion", "bucket", "databaseHost", "databasePort", "vpc"];

/** @throws InvalidAppPlatformSettings */
export function parseAppPlatformSettings(raw: unknown): AppPlatformSettings {
  const given = (typeof raw === "object" && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>;
  const problems: string[] = Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => `${key}: there is no such setting`);
  const text: TextReader<keyof AppPlatformSettings> = textReader(given, problems);
  const databasePort = Number(given["databasePort"] ?? 5432);
  if (!Number.isInteger(databasePort) || databasePort < 1 || databasePort > 65_535)
    problems.push("databasePort: a port is expected");
  const settings = {
    region: text("region", /^[a-z]{3}$/, "a region of App Platform, such as fra,"),
    spacesRegion: text("spacesRegion", spacesRegion, "a region of Spaces, such as fra1,"),
    bucket: text("bucket", bucketName, "a bucket's name"),
    databaseHost: text("databaseHost", /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "a host name or an address"),
    databasePort,
    ...(given["vpc"] === undefined ? {} : { vpc: text("vpc", /^[0-9a-f-]{36}$/, "a VPC's UUID") }),
  };
  if (problems.length > 0) throw new InvalidAppPlatformSettings(problems);
  return settings;
}
