import { isIP } from "node:net";
import { InvalidSettings, textReader, type TextReader } from "../../settings.ts";

/** What a stack on DigitalOcean is made of: its config's `cluster`. Holds no secret. */
export interface ClusterSettings {
  /** Region of everything, Spaces included, such as `fra1`. */
  readonly region: string;
  /** Host name that clients use, which the gateway's certificate is for. Its DNS record leads to the output `address`. */
  readonly domain: string;
  /** Slug of the machines' size. @default "s-2vcpu-4gb" */
  readonly size: string;
  /** Slug or number of the machines' image, pinned: another one is another machine. @default "debian-12-x64" */
  readonly image: string;
  /** Address range of the VPC. @default "10.108.0.0/20" */
  readonly ipRange: string;
  /** Who may reach port 22: addresses in CIDR form. */
  readonly sshFrom: readonly string[];
  /** An odd number from 1 to 7. @default 3 */
  readonly managers: number;
  /** @default 2 */
  readonly workers: number;
  /** Node that keeps the services' data. @default "worker-1" */
  readonly data: string;
  /** Node of the gateway, which the reserved address leads to. @default the last worker */
  readonly ingress: string;
  /** Nodes that tasks leave, and none is given. @default none */
  readonly drain: readonly string[];
  /** Bucket of the application's objects. Names of buckets are everybody's: no two accounts have the same. */
  readonly bucket: string;
  /** Bucket of the backups. */
  readonly backupBucket: string;
  /** Where Spaces answers the S3 API. @default "https://REGION.digitaloceanspaces.com" */
  readonly spacesEndpoint: string;
  /** Who is told when the gateway does not answer. */
  readonly alertEmails: readonly string[];
}

/** A machine to be. */
export interface NodePlan {
  /** `manager-1`, `worker-1` … */
  readonly name: string;
  readonly role: "manager" | "worker";
}

/** Every problem of the settings at once, each with its key and what is expected. */
export class InvalidClusterSettings extends InvalidSettings {
  constructor(problems: readonly string[]) {
    super(
      "cluster is",
      problems.map((problem) => `cluster.${problem}`),
    );
  }
}

const slug = /^[a-z0-9][a-z0-9.-]*$/;
/** Region of Spaces: `fra1`. */
export const spacesRegion = /^[a-z]{3}[0-9]$/;
/** A bucket's name. */
export const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const hostName = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const email = /^[^\s@]+@[^\s@]+$/;

/** @throws InvalidClusterSettings */
export function parseClusterSettings(raw: unknown): ClusterSettings {
  const given = (typeof raw === "object" && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  const text: TextReader<keyof ClusterSettings> = textReader(given, problems);
  const number = (key: keyof ClusterSettings, fits: (n: number) => boolean, expected: string, fallback: number) => {
    const value = given[key] ?? fallback;
    if (typeof value === "number" && Number.isInteger(value) && fits(value)) return value;
    problems.push(`${key}: ${expected} is expected`);
    return fallback;
  };
  const list = (key: keyof ClusterSettings, fits: (one: string) => boolean, expected: string, fallback?: []) => {
    const value = given[key] ?? fallback;
    const isList = Array.isArray(value) && value.every((one) => typeof one === "string" && fits(one));
    if (isList && new Set(value).size === value.length && (fallback !== undefined || value.length > 0))
      return value as string[];
    problems.push(`${key}: ${expected} is expected, each once`);
    return [];
  };
  const managers = number("managers", (n) => n % 2 === 1 && n <= 7, "an odd number from 1 to 7", 3);
  const workers = number("workers", (n) => n >= 1 && n <= 100, "a number from 1 to 100", 2);
  const names = nodePlans({ managers, workers }).map(({ name }) => name);
  const node = new RegExp(`^(${names.join("|")})$`);
  const region = text("region", spacesRegion, "a region's slug, such as fra1,");
  const settings = {
    region,
    domain: text("domain", hostName, "a host name, such as images.example.com,"),
    size: text("size", slug, "a size's slug", "s-2vcpu-4gb"),
    image: text("image", slug, "an image's slug or number", "debian-12-x64"),
    ipRange: text("ipRange", /^[0-9.]+\/(1[6-9]|2[0-8])$/, "an address range from /16 to /28", "10.108.0.0/20"),
    sshFrom: list(
      "sshFrom",
      isRange,
      "a list of addresses that may use SSH, such as 203.0.113.7/32 (never everybody),",
    ),
    managers,
    workers,
    data: text("data", node, `one of ${names.join(", ")}`, "worker-1"),
    ingress: text("ingress", node, `one of ${names.join(", ")}`, `worker-${workers}`),
    drain: list("drain", (one) => node.test(one), `a list of ${names.join(", ")}`, []),
    bucket: text("bucket", bucketName, "a bucket's name"),
    backupBucket: text("backupBucket", bucketName, "a bucket's name"),
    spacesEndpoint: text("spacesEndpoint", /^https?:\/\/[a-z0-9.:-]+$/, "an address", spacesEndpointOf(region)),
    alertEmails: list("alertEmails", (one) => email.test(one), "a list of e-mail addresses"),
  };
  for (const key of Object.keys(given)) if (!(key in settings)) problems.push(`${key}: there is no such setting`);
  if (settings.bucket !== "" && settings.bucket === settings.backupBucket)
    problems.push("backupBucket: another bucket than cluster.bucket is expected");
  if (settings.drain.includes(settings.data))
    problems.push(
      `drain: ${settings.data} keeps the data: move it first (cluster.data), or services that need it stop`,
    );
  if (problems.length > 0) throw new InvalidClusterSettings(problems);
  return settings;
}

/** Where Spaces of a region answers. */
export const spacesEndpointOf = (region: string): string => `https://${region}.digitaloceanspaces.com`;

/** The machines, managers first. */
export function nodePlans({ managers, workers }: Pick<ClusterSettings, "managers" | "workers">): readonly NodePlan[] {
  const plans = (role: NodePlan["role"], count: number): readonly NodePlan[] =>
    Array.from({ length: count }, (_, index) => ({ name: `${role}-${index + 1}`, role }));
  return [...plans("manager", managers), ...plans("worker", workers)];
}

/** A range of addresses, and not everybody's. */
function isRange(text: string): boolean {
  const [address = "", bits = ""] = text.split("/");
  const version = isIP(address);
  return version !== 0 && /^[0-9]{1,3}$/.test(bits) && Number(bits) >= 8 && Number(bits) <= (version === 4 ? 32 : 128);
}
