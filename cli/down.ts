import { Command } from "commander";
import { ensureEngine, stopEngine } from "../toolchain/engine.ts";
import { install } from "../toolchain/install.ts";
import { projectDirectory, stackEnv } from "./environment.ts";
import { OperatorError } from "./error.ts";
import { pulumi, pulumiOrFail } from "./pulumi.ts";
import { recover } from "./recover.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

/** `down`: the dev stack's data goes with it, as `make down` says. */
export function downCommand(): Command {
  return new Command("down")
    .description("destroy the dev stack with its data, and stop the engine if this project started it")
    .action(down);
}

/** Destroys the dev stack with its data, and stops the engine if this project started it. */
export async function down(): Promise<void> {
  await install();
  const engine = await ensureEngine({ name: "dev" });
  const options = { env: stackEnv(engine), cwd: projectDirectory(), output: "capture" } as const;
  const { stdout } = await pulumiOrFail(["stack", "ls", "--json"], options);
  const stacks = JSON.parse(stdout) as readonly { readonly name: string }[];
  if (stacks.some(({ name }) => name === "dev")) {
    await recover({ stack: "dev", env: options.env, cwd: options.cwd, report });
    const { exitCode } = await pulumi(["destroy", "--stack", "dev", "--yes", "--skip-preview"], {
      ...options,
      output: "inherit",
    });
    if (exitCode !== 0)
      throw new OperatorError("not everything could be destroyed: mend the error above and run this again");
    await pulumiOrFail(["stack", "rm", "dev", "--yes", "--preserve-config"], options);
  }
  await stopEngine("dev");
  process.stdout.write(
    "The dev stack is down. Its cache (toolchain, images) and passphrase are kept for the next time.\n",
  );
}
