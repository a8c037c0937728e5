import path from "node:path";
import { Command, Option } from "commander";
import { OperatorError } from "./error.ts";
import type { ExportedStack } from "./export/values.ts";

interface Flags {
  readonly format: "compose" | "env" | "sops";
  readonly stack: string;
  readonly project?: string;
  readonly out?: string;
  readonly recipient: string[];
  readonly clear?: true;
  readonly json?: true;
}

const help = `
Without --out, only names are shown.

  goimg-secrets export --format env                                          what would be exported
  goimg-secrets export --format env --clear --out /run/user/1000/app.env     values in the clear, for docker compose --env-file
  goimg-secrets export --format sops --recipient age1… --out app.sops.yaml   encrypted, for sops
  goimg-secrets export --format compose --out compose.secrets.yaml           grants alone, to put beside a compose file
  goimg-secrets export --format env --project ../secrets --stack prod …      what goimg-secrets import adopted

Values in the clear are written only with --clear, to a file that its owner alone can read, outside of any git repository.
Exit code 0: done; 1: the stack can't be read; 2: wrong use.
`;

/** `export`: the active values out again, for compose or sops. */
export function exportCommand(): Command {
  return new Command("export")
    .description("give the active values of a stack to compose or sops; a dry run unless --out is given")
    .addOption(
      new Option("--format <format>", "what to write").choices(["compose", "env", "sops"]).makeOptionMandatory(),
    )
    .option("--stack <name>", "the stack", "dev")
    .option("--project <folder>", "folder of its Pulumi.yaml; default: this project's")
    .option("--out <file>", "where to write")
    .option(
      "--recipient <key>",
      "age public key (repeatable), for sops",
      (key: string, keys: string[]) => [...keys, key],
      [],
    )
    .option("--clear", "write values in the clear")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(runExport);
}

async function runExport(flags: Flags): Promise<void> {
  const problems = misuse(flags);
  if (problems.length > 0) throw new OperatorError(problems.join("\n"), 2);
  const { refuseUnsafe, writePrivately } = await import("./export/target.ts");
  if (flags.out !== undefined && flags.format === "env") await refuseUnsafe(flags.out);
  const exported = await read(flags);
  if (flags.out === undefined) {
    show(exported, flags);
    return;
  }
  await writePrivately(path.resolve(flags.out), await written(exported, flags));
  process.stderr.write(`${exported.values.size} entries written to ${flags.out}\n`);
}

/** What is wrong with the flags, all of it. */
function misuse({ format, out, clear, recipient }: Flags): readonly string[] {
  return [
    ...(format === "env" && out !== undefined && clear !== true
      ? ["--format env writes values in the clear: say so with --clear"]
      : []),
    ...(format !== "env" && clear === true
      ? [`--format ${format} writes nothing in the clear: leave --clear out`]
      : []),
    ...(format === "sops" && out !== undefined && recipient.length === 0
      ? ["--format sops needs at least one --recipient age1…"]
      : []),
    ...recipient.filter((key) => !/^age1[a-z0-9]+$/.test(key)).map(() => "a --recipient is no age public key (age1…)"),
  ];
}

async function read(flags: Flags): Promise<ExportedStack> {
  const { readValues } = await import("./export/values.ts");
  const { projectDirectory } = await import("./environment.ts");
  const { toolchainEnv } = await import("../toolchain/env.ts");
  const cwd = flags.project === undefined ? projectDirectory() : path.resolve(flags.project);
  return readValues({ cwd, stack: flags.stack, env: toolchainEnv() });
}

async function written(exported: ExportedStack, { format, recipient }: Flags): Promise<string> {
  const { composeFile, envFile, plainOf } = await import("./export/formats.ts");
  if (format === "compose") return composeFile(exported);
  if (format === "env") return envFile(exported);
  const { sopsFile } = await import("./export/sops.ts");
  return sopsFile(plainOf(exported.values), recipient, new Date());
}

function show({ values, consumers, encoded }: ExportedStack, { json }: Flags): void {
  const rows = [...values.keys()].map((name) => ({ name, consumers: consumers.get(name) ?? [] }));
  if (json === true) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  for (const { name, consumers: services } of rows)
    process.stdout.write(`${name}  (${services.join(", ") || "no service"})\n`);
  const more = encoded.map(({ variable }) => variable);
  if (more.length > 0) process.stdout.write(`and, encoded for URLs: ${more.join(", ")}\n`);
  process.stdout.write("\nNothing was written: --out FILE writes.\n");
}
