import { Command } from "commander";
import { ensureEngine } from "../toolchain/engine.ts";
import { buildImages } from "../toolchain/images.ts";
import { install } from "../toolchain/install.ts";
import { recordSwarmAlone } from "./audit/swarm.ts";
import { projectDirectory, stackEnv } from "./environment.ts";
import { OperatorError } from "./error.ts";
import { pulumi, pulumiOrFail } from "./pulumi.ts";
import { recover } from "./recover.ts";
import { openStack } from "./stack.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

/** `up`, without options: what it makes is declared in the stack's config. */
export function upCommand(): Command {
  return new Command("up")
    .description("set everything up and bring the dev stack up; safe to run again after a crash")
    .action(up);
}

/** Brings the dev stack up from whatever is there: nothing, half of it, or all of it. */
export async function up(): Promise<void> {
  await install();
  const engine = await ensureEngine({ name: "dev" });
  await buildImages(engine);
  const options = { env: stackEnv(engine), cwd: projectDirectory(), output: "inherit" } as const;
  await pulumiOrFail(["stack", "select", "--create", "dev"], { ...options, output: "capture" });
  await recover({ stack: "dev", env: options.env, cwd: options.cwd, report });
  const { exitCode } = await pulumi(["up", "--stack", "dev", "--yes", "--skip-preview"], options);
  if (exitCode !== 0) {
    throw new OperatorError("the update did not finish; what it did is kept: mend the error above and run this again");
  }
  await recordSwarmAlone(openStack("dev"), "goimg-secrets up", report);
  const { stdout } = await pulumiOrFail(["stack", "output", "url", "--stack", "dev"], {
    ...options,
    output: "capture",
  });
  const url = stdout.trim();
  process.stdout.write(`
The dev stack is up:  ${url}

  curl ${url}/readyz                       what is healthy, and which generation of each secret it holds
  curl ${url}/.well-known/jwks.json        the public keys that tokens are checked with
  eval "$(make -s env)"; pulumi stack      what Pulumi made
  make down                                to take it all down
`);
}
