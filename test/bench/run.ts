import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { OperatorError } from "../../cli/error.ts";
import { duration } from "../../toolchain/progress.ts";
import {
  phases,
  secretsOf,
  type Command,
  type Contender,
  type ContenderName,
  type Phase,
} from "./contenders/contender.ts";
import { measure, type Cost } from "./measure.ts";
import { expectSecrets, removeSecrets, secretIds } from "./swarm.ts";

/** All runs of one contender at one size. */
export interface Series {
  readonly contender: ContenderName;
  readonly title: string;
  readonly passwords: number;
  readonly costs: Readonly<Record<Phase, Cost[]>>;
}

/** What to measure at one size. */
export interface SizeArgs {
  readonly contenders: readonly Contender[];
  readonly passwords: number;
  readonly runs: number;
  readonly host: string;
  readonly report: (line: string) => void;
}

type Prepared = Readonly<Record<Phase, Command>>;

/**
 * Runs every contender as often as told, taking turns: a machine that slows down for a while slows down all of them. Each
 * round begins with another contender. Every phase is checked against the Swarm, so that all do the same work.
 */
export async function measureSize(args: SizeArgs): Promise<readonly Series[]> {
  const { contenders, passwords, runs, host, report } = args;
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-bench-"));
  try {
    const prepared: { readonly commands: Prepared; readonly series: Series }[] = [];
    for (const contender of contenders) {
      const own = await mkdtemp(path.join(directory, `${contender.name}-`));
      const commands = await contender.prepare({ passwords, host, directory: own });
      const costs = { create: [], noop: [], destroy: [] };
      prepared.push({ commands, series: { contender: contender.name, title: contender.title, passwords, costs } });
    }
    for (let round = 0; round < runs; round += 1) {
      for (let turn = 0; turn < prepared.length; turn += 1) {
        const entry = prepared[(round + turn) % prepared.length];
        if (entry === undefined) continue;
        const costs = await cycle(entry.commands, {
          host,
          expected: secretsOf({ passwords }),
          who: entry.series.title,
        });
        for (const phase of phases) entry.series.costs[phase].push(costs[phase]);
        const times = phases.map((phase) => `${phase} ${duration(costs[phase].wall * 1000)}`).join(", ");
        report(`${passwords} passwords, run ${round + 1} of ${runs}: ${entry.series.title}: ${times}`);
      }
    }
    return prepared.map(({ series }) => series);
  } finally {
    await removeSecrets(host);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Create, change nothing, destroy; with a look at the Swarm after each. */
async function cycle(
  commands: Prepared,
  { host, expected, who }: { readonly host: string; readonly expected: number; readonly who: string },
): Promise<Readonly<Record<Phase, Cost>>> {
  const create = await measure(commands.create);
  const created = await secretIds(host);
  expectSecrets(who, created, expected);
  const noop = await measure(commands.noop);
  if ((await secretIds(host)).join() !== created.join()) {
    throw new OperatorError(`${who} changed Swarm secrets when nothing was to be done`);
  }
  const destroy = await measure(commands.destroy);
  expectSecrets(who, await secretIds(host), 0);
  return { create, noop, destroy };
}
