import path from "node:path";
import { Command, Option } from "commander";
import { OperatorError } from "./error.ts";

interface Flags {
  readonly write?: string;
  readonly stack: string;
  readonly envFile: string[];
  readonly environment: boolean;
  readonly secrets: "environment" | "swarm";
  readonly partial?: true;
  readonly overwrite?: true;
  readonly json?: true;
}

const help = `
Files are compose files, where later ones override earlier ones as with docker compose -f, and .env files; a folder stands for
the compose files in it. Without a .env file among them, the one beside the first compose file is read, as compose does.

  goimg-secrets import docker-compose.yml                    show what would be adopted; nothing is changed
  goimg-secrets import compose.yml compose.prod.yml .env     several files
  goimg-secrets import . --write ../secrets --stack prod     adopt the values, and write services and catalog
  goimg-secrets import . --json                              for machines

No value is ever shown. Exit code 0: everything was read; 1: compose itself would refuse to run (a required variable is not
set); 2: a file or a line could not be read, each of which is named.
`;

/** `import`: another project's secrets, from its compose and `.env` files into the catalog and encrypted config. */
export function importCommand(): Command {
  return new Command("import")
    .description(
      "take over the secrets of a compose project: propose catalog and grants, adopt the values, emit the services",
    )
    .argument("<file...>", "compose files, .env files, or a folder")
    .option(
      "--write <folder>",
      "write services, catalog and a Pulumi project that holds the values encrypted; without it nothing changes",
    )
    .option("--stack <name>", "the stack that adopts the values", "dev")
    .option(
      "--env-file <file>",
      "a .env file whatever its name",
      (file: string, files: string[]) => [...files, file],
      [],
    )
    .option("--no-environment", "ignore the variables of this shell, which compose would prefer to those of .env files")
    .addOption(
      new Option("--secrets <source>", "where the emitted services' secrets come from")
        .choices(["environment", "swarm"])
        .default("environment"),
    )
    .option("--partial", "write although something could not be read")
    .option("--overwrite", "write over files of an earlier import")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(async (files: string[], flags: Flags) => {
      await runImport(files, flags);
    });
}

async function runImport(files: readonly string[], flags: Flags): Promise<void> {
  const { planImport } = await import("./import/run.ts");
  const { importReport, importText } = await import("./import/report.ts");
  const plan = await planImport({
    files,
    envFiles: flags.envFile,
    outside: flags.environment ? process.env : {},
    from: process.cwd(),
    source: flags.secrets,
  });
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(importReport(plan), undefined, 2)}\n` : await importText(plan),
  );
  const { problems, unset } = plan.project;
  for (const { file, line, reason } of problems)
    process.stderr.write(`${file}${line > 0 ? `:${line}` : ""}: ${reason}\n`);
  process.exitCode = problems.length > 0 ? 2 : unset.some(({ required }) => required) ? 1 : 0;
  if (flags.write === undefined) {
    if (flags.json !== true)
      process.stdout.write("\nNothing was changed: --write FOLDER adopts the values and writes the files.\n");
    return;
  }
  if (problems.length > 0 && flags.partial !== true)
    throw new OperatorError("nothing was written: mend what could not be read, or leave it out with --partial", 2);
  await write(plan, flags.write, flags);
}

async function write(plan: import("./import/run.ts").ImportPlan, target: string, flags: Flags): Promise<void> {
  const { writeImport } = await import("./import/write.ts");
  const { toolchainEnv } = await import("../toolchain/env.ts");
  const folder = path.resolve(target);
  const project = path.basename(plan.project.folder).replace(/[^A-Za-z0-9._-]/g, "-") || "imported";
  const written = await writeImport(plan, {
    folder,
    stack: flags.stack,
    project,
    overwrite: flags.overwrite === true,
    env: toolchainEnv(),
  });
  process.stderr.write(
    `Written to ${target}: ${written.join(", ")}. Delete the plaintext files once the services run from these.\n`,
  );
}
