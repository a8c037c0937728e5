#!/usr/bin/env node
import { Command } from "commander";
import { OperatorError } from "../cli/error.ts";
import type { EngineName } from "./record.ts";

const program = new Command("toolchain").description(
  "Install and run what the stacks need: Pulumi, its plugins, a Docker Engine.",
);

program
  .command("install")
  .description("install Pulumi's CLI, language host and plugins")
  .action(async () => {
    const { install } = await import("./install.ts");
    await install();
  });

const engine = program.command("engine").description("the Docker Engines: dev, test, bench, build");
engine
  .command("start <name>", { isDefault: true })
  .description("start an engine if it does not run, and print its address")
  .action(async (name: string) => {
    const { ensureEngine } = await import("./engine.ts");
    const { host } = await ensureEngine({ name: engineName(name) });
    process.stdout.write(`${host}\n`);
  });
engine
  .command("stop <name>")
  .description("stop an engine if this project started it")
  .action(async (name: string) => {
    const { stopEngine } = await import("./engine.ts");
    await stopEngine(engineName(name));
  });

program
  .command("images <engine>")
  .description("build or load the images that an engine lacks")
  .action(async (name: string) => {
    const { ensureEngine } = await import("./engine.ts");
    const { buildImages } = await import("./images.ts");
    await buildImages(await ensureEngine({ name: engineName(name) }));
  });

program
  .command("env")
  .description("print shell settings for using pulumi yourself")
  .action(async () => {
    const { toolchainEnv } = await import("./env.ts");
    for (const [name, value] of Object.entries(toolchainEnv())) {
      process.stdout.write(`export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
    }
  });

function engineName(name: string): EngineName {
  if (name === "dev" || name === "test" || name === "bench" || name === "drill" || name === "build") return name;
  throw new OperatorError(`there is no engine ${name}: dev, test, bench, drill or build`, 2);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`toolchain: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
