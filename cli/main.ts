#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { OperatorError } from "./error.ts";

/** Each command's module is loaded when it is used: `status` does not pay for what `scan` needs. */
const program = new Command("goimg-secrets")
  .description("Operate an application's secrets: generate, materialize, rotate, prove.")
  .showHelpAfterError("(--help shows what there is)")
  .exitOverride();

program
  .command("up")
  .description("set everything up and bring the dev stack up: toolchain, engine, Swarm, images, pulumi up")
  .action(async () => {
    const { up } = await import("./up.ts");
    await up();
  });

program
  .command("down")
  .description("destroy the dev stack, and stop the engine if this project started it")
  .option("--yes", "do not ask before data is deleted")
  .action(async () => {
    const { down } = await import("./down.ts");
    await down();
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof OperatorError) {
    process.stderr.write(`goimg-secrets: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else throw error;
}
