/** What the fake makes of each kind of resource. What a kind does not say is kept, answered, and otherwise without effect. */
import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";
import type { Problems } from "../../../components/stores/provider/kind.ts";
import { app } from "./apps.ts";
import { addNetwork, hasDroplet, removeDroplet, removeNetwork, startDroplet } from "./droplets.ts";
import { restartSpaces } from "./spaces.ts";
import type { Thing } from "./cloud.ts";

/** A kind of resource of the fake. */
export interface Resource {
  /** Properties whose change makes it another resource: those that the provider's documentation marks so. */
  readonly replacing: readonly string[];
  /** Reports what the API refuses beside what the SDK's types do. */
  readonly check?: (inputs: Thing, problems: Problems) => void;
  /** Answers its id and what the cloud knows of it beside its inputs; `secret` is kept encrypted. */
  readonly create: (inputs: Thing) => Promise<Created>;
  /** Changes it; answers what the cloud knows of it then, beside its inputs. @default nothing else */
  readonly update?: (id: string, before: Thing, inputs: Thing) => Promise<Thing>;
  /** Inputs that the cloud does not answer as they were given, so that reading it again reads them too. */
  readonly answers?: readonly string[];
  readonly exists?: (thing: Thing) => Promise<boolean>;
  readonly remove?: (thing: Thing) => Promise<void>;
  /** Once the cloud has one more, or one less. */
  readonly settle?: () => Promise<void>;
}

/** What creating answers. */
export interface Created {
  readonly id: string;
  readonly plain?: Thing;
  readonly secret?: Thing;
}

const numbered = (): string => String(randomInt(1, 2 ** 31));
const textOf = (thing: Thing, key: string): string => {
  const value = thing[key];
  return typeof value === "string" ? value : "";
};
const plain = (replacing: readonly string[], id: () => string = randomUUID): Resource => ({
  replacing,
  create: () => Promise.resolve({ id: id() }),
});

/** Letters and digits in the form of Spaces' own keys: 20 capitals and digits, 43 of base64's alphabet. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const accessKey = (): string =>
  `DO00${Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join("")}`;
const secretKey = (): string => randomBytes(32).toString("base64").slice(0, 43);

/** By the module of the type token. */
export const resources: Readonly<Record<string, Resource>> = {
  app,
  vpc: {
    replacing: ["region", "ipRange"],
    async create(inputs) {
      await addNetwork(textOf(inputs, "name"), textOf(inputs, "ipRange"));
      return {
        id: randomUUID(),
        plain: { default: false, createdAt: new Date().toISOString(), vpcUrn: "do:vpc:fake" },
      };
    },
    remove: (thing) => removeNetwork(textOf(thing, "name")),
  },
  sshKey: {
    replacing: ["publicKey"],
    create(inputs) {
      const [, body = ""] = textOf(inputs, "publicKey").split(" ");
      const digest = createHash("md5").update(Buffer.from(body, "base64")).digest("hex");
      return Promise.resolve({ id: numbered(), plain: { fingerprint: digest.match(/../g)?.join(":") ?? "" } });
    },
  },
  droplet: {
    replacing: ["image", "region", "sshKeys", "userData", "vpcUuid", "ipv6Address"],
    async create(inputs) {
      const addresses = await startDroplet({
        name: textOf(inputs, "name"),
        vpc: textOf(inputs, "vpcName") === "" ? undefined : textOf(inputs, "vpcName"),
        userData: textOf(inputs, "userData"),
        sshKeys: inputs["sshKeys"] as readonly string[],
      });
      return {
        id: numbered(),
        plain: { ...addresses, status: "active", locked: false, createdAt: new Date().toISOString() },
      };
    },
    exists: (thing) => hasDroplet(textOf(thing, "container")),
    remove: (thing) => removeDroplet(textOf(thing, "container")),
  },
  tag: { replacing: ["name"], create: (inputs) => Promise.resolve({ id: textOf(inputs, "name") }) },
  firewall: plain([]),
  reservedIp: {
    replacing: ["region", "ipAddress"],
    create: () =>
      Promise.resolve({
        id: "192.0.2.80",
        plain: { ipAddress: "192.0.2.80", reservedIpUrn: "do:reservedip:192.0.2.80" },
      }),
  },
  reservedIpAssignment: plain(["ipAddress", "dropletId"]),
  spacesBucket: {
    replacing: ["name", "region"],
    create: (inputs) => {
      const [name, region] = [textOf(inputs, "name"), textOf(inputs, "region")];
      const domain = `${region}.digitaloceanspaces.com`;
      return Promise.resolve({
        id: name,
        plain: { bucketDomainName: `${name}.${domain}`, endpoint: domain, bucketUrn: `do:space:${name}` },
      });
    },
  },
  spacesKey: {
    replacing: [],
    settle: restartSpaces,
    create: () => {
      const id = accessKey();
      return Promise.resolve({
        id,
        plain: { accessKey: id, createdAt: new Date().toISOString() },
        secret: { secretKey: secretKey() },
      });
    },
  },
  uptimeCheck: plain([]),
  uptimeAlert: plain(["checkId"]),
};
