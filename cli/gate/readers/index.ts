import { commandLines, inspections, logs, type Read } from "../../leaks/docker.ts";
import { pulumiOrFail } from "../../pulumi.ts";
import { look } from "../../rotation/situation.ts";
import type { StackContext } from "../../stack.ts";
import { statusOf } from "../../status.ts";
import { readStoreSettings } from "../../stores/settings.ts";
import { NotReadable } from "../control.ts";
import type { Facts, FactValues } from "../facts.ts";
import { readAccepted } from "./accepted.ts";
import { readAudit, readBackup } from "./audit.ts";
import { backendNames, readBackends } from "./backends.ts";
import { readBuild } from "./build.ts";
import { readFiles, readHistory } from "./files.ts";
import { readHost, readRest, readStacks } from "./host.ts";
import { readInsides } from "./insides.ts";
import { listServices, readServices, readStore } from "./services.ts";
import { startWithoutSecrets, startWithProviders } from "./starts.ts";
import { readTokens } from "./tokens.ts";
import { StackValues } from "./values.ts";
import { readAccess } from "./vault.ts";

/** Facts of a running stack, each read when it is first asked for. */
export function readFacts(context: StackContext): Facts {
  const { docker, stack, cwd, configFile } = context;
  const values = once(() => StackValues.read(context));
  const api = once(() => listServices(docker, stack));
  const world = once(() => look(context));
  const services = once(async () => readServices(docker, await api(), readAccess));
  const store = once(async () => readStore(docker, stack, await readStoreSettings(configFile)));
  const tokens = once(async () => readTokens(await urlOf(context), await values(), await store()));
  const all: { readonly [K in keyof FactValues]: () => Promise<FactValues[K]> } = {
    production: async () => (await services()).some(({ env }) => env["GOIMG_ENV"] === "production"),
    services,
    store,
    insides: async () => readInsides(docker, await api()),
    shown: async () => (await values()).search(shown(context)),
    formats: async () => (await values()).formats(),
    repeated: async () => (await values()).repeated(),
    starts: async () => startWithoutSecrets(docker, await api()),
    providers: async () => startWithProviders(docker, await api(), backendNames),
    backends: readBackends,
    tokens,
    accepted: async () =>
      readAccepted({
        docker,
        api: await api(),
        observed: (await world()).observed,
        store: await store(),
        values: await values(),
        tokens: await tokens(),
      }),
    status: async () => statusOf(await world(), new Date()),
    history: async () => readHistory(cwd, await values()),
    files: async () => readFiles(cwd, await values()),
    host: () => readHost(context),
    rest: async () => readRest(context, docker, await values()),
    stacks: async () => readStacks(context, await values()),
    audit: () => readAudit(context, world),
    backup: async () => readBackup(context, await values()),
    build: () => readBuild(context),
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, read]) => [name, once(read as () => Promise<unknown>)]),
  ) as Facts;
}

/** Reads once, whoever asks. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => (reading ??= read());
}

async function* shown({ docker }: StackContext): AsyncGenerator<Read> {
  yield* inspections(docker);
  yield* commandLines(docker);
  yield* logs(docker);
}

async function urlOf({ stack, cwd, env }: StackContext): Promise<string> {
  const args = ["stack", "output", "url", "--stack", stack];
  const { stdout } = await pulumiOrFail(args, { cwd, env, output: "capture" }).catch((error: unknown) => {
    throw new NotReadable(error instanceof Error ? error.message : String(error));
  });
  return stdout.trim();
}
