import { Command, Option } from "commander";
import { storeKinds, type StoreKind } from "../components/stores/settings.ts";
import { withAuditLock } from "./audit.ts";
import { OperatorError } from "./error.ts";
import { needsPlace } from "./place.ts";
import { Updates } from "./rotation/update.ts";
import { openStack } from "./stack.ts";
import { migrate, planMove, undo, type MovePlan } from "./stores/migrate.ts";
import { reportToTerminal as report } from "../toolchain/progress.ts";

interface Flags {
  readonly stack: string;
  readonly from: StoreKind;
  readonly to: StoreKind;
  readonly apply?: boolean;
  readonly undo?: boolean;
  readonly reason: string;
  readonly json?: boolean;
}

/** `migrate --from STORE --to STORE`: a stack's values to another store, without a moment in which a service can't read its own. */
export function migrateCommand(): Command {
  const store = (flag: string, description: string): Option =>
    new Option(`${flag} <store>`, description).choices(storeKinds).makeOptionMandatory();
  return new Command("migrate")
    .description(
      "move a stack's values to another store: copy, read back and compare, switch the services, compare again, retire the old " +
        "entries. A dry run unless --apply is given. Safe to stop at any time: the same command goes on.",
    )
    .addOption(store("--from", "where the values are"))
    .addOption(store("--to", "where they go"))
    .option("--apply", "do it")
    .option("--undo", "with --apply: take back a move that has not retired the old entries yet")
    .option("--stack <name>", "the stack", "dev")
    .option("--reason <text>", "why, for the audit log", "store migration")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      "\nBefore: declare the new store's place (docs/stores.md), and for Vault export VAULT_TOKEN, and VAULT_CACERT for a private CA.",
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const { from, to } = flags;
  if (from === to) throw new OperatorError("--from and --to name the same store", 2);
  const context = openStack(flags.stack);
  needsPlace("migrate", context);
  const move = { from, to };
  if (flags.apply !== true) {
    show(await planMove({ context, move }), flags);
    return;
  }
  const work = async (): Promise<void> => {
    const plan = await planMove({ context, move });
    const options = { context, move, reason: flags.reason, updates: new Updates(context, report), report };
    if (flags.undo === true) await undo(options, plan);
    else await migrate(options, plan);
    show(plan, flags);
  };
  await withAuditLock(context.auditFile, work, report);
}

function show(plan: MovePlan, { from, to, apply, undo: back, json }: Flags): void {
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ from, to, applied: apply === true, ...plan })}\n`);
    return;
  }
  const { stage, left, generations, consumers } = plan;
  if (apply === true) {
    const outcome = back === true ? `taken back: values are in ${from} alone` : `values are in ${to} alone`;
    process.stdout.write(`${outcome}: ${generations.length} generations, ${consumers.length} services\n`);
    return;
  }
  process.stdout.write(
    [
      `stage: ${stage}; left: ${left.join(", ") || "nothing"}`,
      `generations: ${generations.join(", ")}`,
      `deployed anew: ${consumers.join(", ")}`,
      `nothing was changed: add --apply to go on`,
      "",
    ].join("\n"),
  );
}
