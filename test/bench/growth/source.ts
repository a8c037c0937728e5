import { cp, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { programParts } from "../../../cli/environment.ts";
import { projectRoot } from "../../../toolchain/paths.ts";

/** How much larger than its own a stack is made. */
export interface Growth {
  readonly secrets: number;
  readonly services: number;
}

const secretPrefix = "GROWN_";
const servicePrefix = "grown-";

/** Name of one of the secrets that are added. */
export const grownSecret = (index: number): string => `${secretPrefix}${index}`;

/** The image of the services that are added, in the stack's config `images`. */
export const idleImage = "idle";

/**
 * A copy of the program whose catalog and application hold more than the project's own: the typed catalog is the only place
 * where a secret can be added, so that everything after it runs as it is.
 */
export class LargerProgram {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async copy(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    // The lock file names the images' tags, as everything does that they are built from.
    for (const part of [...programParts, "package-lock.json"]) {
      const [from, to] = [path.join(projectRoot, part), path.join(this.directory, part)];
      if (part === "node_modules") await symlink(from, to);
      else await cp(from, to, { recursive: true });
    }
    await this.wrap("components/catalog/catalog.ts", catalog);
    await this.wrap("stacks/application.ts", application);
    await this.grow({ secrets: 0, services: 0 });
  }

  /** From the next update on. */
  async grow(growth: Growth): Promise<void> {
    await writeFile(path.join(this.directory, "growth.ts"), `export const growth = ${JSON.stringify(growth)};\n`);
  }

  /** Puts a module in the place of one that it takes from, which has the name `own.ts` then. */
  private async wrap(file: string, text: string): Promise<void> {
    const own = path.join(path.dirname(file), "own.ts");
    await rename(path.join(this.directory, file), path.join(this.directory, own));
    await writeFile(path.join(this.directory, file), text);
  }
}

/** Each is a password of one consumer, whose task is replaced when it rotates. */
const catalog = `import { growth } from "../../growth.ts";
import { catalog as own } from "./own.ts";
export * from "./own.ts";
const like = own.GRAFANA_ADMIN_PASSWORD;
const [entry] = Object.values(like.entries);
const grown = Array.from({ length: growth.secrets }, (_, index) => {
  const name = "${secretPrefix}" + index;
  const consumers = ["${servicePrefix}" + (index % growth.services)];
  return [name, { ...like, acceptors: [], entries: { [name]: { ...entry, consumers } } }];
});
export const catalog = { ...own, ...Object.fromEntries(grown) };
`;

/** Each is one task that sleeps, with its secrets mounted. Four networks, as one has room for 250 tasks. */
const application = `import { growth } from "../growth.ts";
import { application as own } from "./own.ts";
const grown = Array.from({ length: growth.services }, (_, index) => ({
  name: "${servicePrefix}" + index,
  image: "${idleImage}",
  uid: 10001,
  args: ["sleep", "infinity"],
  env: {},
  secrets: Array.from({ length: growth.secrets }, (_, n) => n).filter((n) => n % growth.services === index).map((n) => "${secretPrefix}" + n),
  networks: ["grown-" + (index % 4)],
  volumes: [],
  replicas: 1,
  limits: { cpus: 0.1, memoryMb: 16 },
  rollout: "rolling",
  silent: true,
  after: [],
  stopGrace: "1s",
}));
export const application = (args) => [...own(args), ...grown];
`;
