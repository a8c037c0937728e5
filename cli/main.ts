#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import path from "node:path";
import { cacheDirectory } from "../toolchain/paths.ts";
import { Command, CommanderError } from "commander";
import { OperatorError } from "./error.ts";

// What follows is compiled once, not at each start: half of the time of a short command.
enableCompileCache(process.env["NODE_COMPILE_CACHE"] ?? path.join(cacheDirectory(), "node"));

interface Entry {
  readonly description: string;
  readonly load: () => Promise<Command>;
}

/** Each command's module is loaded when it is used: `status` does not pay for what `scan` needs. */
const commands: Readonly<Record<string, Entry>> = {
  up: {
    description: "set everything up and bring the dev stack up: toolchain, engine, Swarm, images, pulumi up",
    load: async () => (await import("./up.ts")).upCommand(),
  },
  down: {
    description: "destroy the dev stack, and stop the engine if this project started it",
    load: async () => (await import("./down.ts")).downCommand(),
  },
  status: {
    description: "show each secret's generations, phases, age and due date, and what its consumers' tasks report",
    load: async () => (await import("./status.ts")).statusCommand(),
  },
  calendar: {
    description: "write the due dates as a calendar (.ics)",
    load: async () => (await import("./calendar.ts")).calendarCommand(),
  },
  rotate: {
    description: "move secrets to their next generation without a dropped request",
    load: async () => (await import("./rotate.ts")).rotateCommand(),
  },
  rollback: {
    description: "go back to the generation before, while it is still accepted",
    load: async () => (await import("./rotate.ts")).rollbackCommand(),
  },
  revoke: {
    description: "emergency: make a leaked generation useless everywhere, and report what that cut off",
    load: async () => (await import("./revoke.ts")).revokeCommand(),
  },
  retire: {
    description: "switch an optional secret off for good, with its feature",
    load: async () => (await import("./retire.ts")).retireCommand(),
  },
  migrate: {
    description: "move a stack's values from one store to another; a dry run unless --apply is given",
    load: async () => (await import("./migrate.ts")).migrateCommand(),
  },
  schedule: {
    description: "rotate what is due every day, by a timer of systemd",
    load: async () => (await import("./schedule.ts")).scheduleCommand(),
  },
  audit: {
    description: "verify the audit log and show it",
    load: async () => (await import("./auditCommand.ts")).auditCommand(),
  },
  metrics: {
    description: "show what the exporter tells Prometheus, or tell the exporter what there is",
    load: async () => (await import("./metrics.ts")).metricsCommand(),
  },
  gate: {
    description: "test the controls of S9-PROD-001 and the ten best practices on what runs, with evidence",
    load: async () => (await import("./gate.ts")).gateCommand(),
  },
  report: {
    description: "make one page of everything: timeline, holders, gate, policies, audit log",
    load: async () => (await import("./report.ts")).reportCommand(),
  },
  scan: {
    description: "find plaintext secrets in compose files, .env files, task definitions and manifests",
    load: async () => (await import("./scan.ts")).scanCommand(),
  },
  import: {
    description: "take over the secrets of a compose project: catalog, grants, encrypted values, services",
    load: async () => (await import("./import.ts")).importCommand(),
  },
  export: {
    description: "give the active values to compose or sops; a dry run unless --out is given",
    load: async () => (await import("./export.ts")).exportCommand(),
  },
  backup: {
    description: "keep what another machine needs to bring the stack up again, encrypted with age",
    load: async () => (await import("./backup.ts")).backupCommand(),
  },
  restore: {
    description: "bring a backup onto this machine, after checking that it is whole",
    load: async () => (await import("./restore.ts")).restoreCommand(),
  },
  passphrase: {
    description: "change the passphrase of the state, its history and the configs",
    load: async () => (await import("./passphrase.ts")).passphraseCommand(),
  },
  drill: {
    description: "restore a backup on an empty engine, and answer whether everything in it works",
    load: async () => (await import("./drill.ts")).drillCommand(),
  },
};

const program = new Command("goimg-secrets")
  .description("Operate an application's secrets: generate, materialize, rotate, prove.")
  .showHelpAfterError("(--help shows what there is)")
  .exitOverride();
const wanted = process.argv[2] ?? "";
for (const [name, { description, load }] of Object.entries(commands)) {
  if (name === wanted) program.addCommand((await load()).exitOverride());
  else program.command(name).description(description);
}

try {
  if (wanted === "") program.help();
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 || wanted === "" ? 0 : 2;
  else if (error instanceof OperatorError) {
    process.stderr.write(`goimg-secrets: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else throw error;
}
