import path from "node:path";
import { motoPython } from "../../../toolchain/moto.ts";
import { freePort, repository } from "../project.ts";
import { startServer } from "../server.ts";

/** A real moto server: AWS' APIs, in memory, for an account of its own. */
export interface MotoServer {
  /** Settings by which AWS' SDKs reach it, here and in the engine's plugins. Its keys are worth nothing. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything that it wrote: a line for each request. */
  logs(): string;
  stop(): Promise<void>;
}

/** The fake of the aws provider, as a project's `plugins.providers` names it. */
export const fakeAws = { name: "aws", path: path.join(repository, "test/fakes/aws") } as const;

/** Starts it, and sets its settings in this process too, until it is stopped. */
export async function startMoto(): Promise<MotoServer> {
  const python = await motoPython();
  const port = await freePort();
  const moto = await startServer({
    name: "moto",
    command: python,
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    isUp: async () => (await fetch(`http://127.0.0.1:${port}/moto-api/`)).ok,
  });
  const env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
  };
  Object.assign(process.env, env);
  return {
    env,
    logs: () => moto.output(),
    async stop() {
      for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
      await moto.stop();
    },
  };
}
