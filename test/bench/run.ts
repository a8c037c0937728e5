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
import { emptySwarm, expectWork } from "./swarm.ts";

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
  readonly service: boolean;
  readonly runs: number;
  readonly host: string;
  /** Destroys what a run created and times it; else the Swarm is emptied and the state forgotten, which takes seconds. */
  readonly destroy: boolean;
  readonly report: (line: string) => void;
}

type Prepared = Readonly<Record<Phase, Command>>;

/**
 * Runs every contender as often as told, taking turns: a machine that slows down for a while slows down all of them. Each
 * round begins with another contender. Every phase is checked against the Swarm, so that all do the same work.
 */
export async function measureSize(args: SizeArgs): Promise<readonly Series[]> {
  const { contenders, passwords, service, runs, host, destroy, report } = args;
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-bench-"));
  const prepare = async (contender: Contender): Promise<Prepared> =>
    contender.prepare({
      passwords,
      service,
      host,
      directory: await mkdtemp(path.join(directory, `${contender.name}-`)),
    });
  try {
    await emptySwarm(host);
    const all = contenders.map((contender): { readonly contender: Contender; readonly series: Series } => ({
      contender,
      series: {
        contender: contender.name,
        title: contender.title,
        passwords,
        costs: { create: [], noop: [], destroy: [] },
      },
    }));
    const prepared = new Map<Contender, Prepared>();
    for (let round = 0; round < runs; round += 1) {
      for (let turn = 0; turn < all.length; turn += 1) {
        const entry = all[(round + turn) % all.length];
        if (entry === undefined) continue;
        const { contender, series } = entry;
        // What was created without a state that knows of it must be created again under a state that knows nothing.
        const commands = (destroy ? prepared.get(contender) : undefined) ?? (await prepare(contender));
        prepared.set(contender, commands);
        const costs = await cycle(commands, {
          host,
          secrets: secretsOf({ passwords }),
          services: Number(service),
          who: series.title,
          destroy,
        });
        const measured = phases.flatMap((phase) => {
          const cost = costs[phase];
          if (cost === undefined) return [];
          series.costs[phase].push(cost);
          return [`${phase} ${duration(cost.wall * 1000)}`];
        });
        report(`${passwords} passwords, run ${round + 1} of ${runs}: ${series.title}: ${measured.join(", ")}`);
      }
    }
    return all.map(({ series }) => series);
  } finally {
    await emptySwarm(host);
    await rm(directory, { recursive: true, force: true });
  }
}

interface CycleArgs {
  readonly host: string;
  readonly secrets: number;
  readonly services: number;
  readonly who: string;
  readonly destroy: boolean;
}

/** Create, change nothing, destroy or wipe; with a look at the Swarm after each. */
async function cycle(
  commands: Prepared,
  { host, secrets, services, who, destroy }: CycleArgs,
): Promise<Readonly<Partial<Record<Phase, Cost>>>> {
  const create = await measure(commands.create);
  const created = await expectWork(who, host, secrets, services);
  const noop = await measure(commands.noop);
  if ((await expectWork(who, host, secrets, services)).join() !== created.join()) {
    throw new OperatorError(`${who} changed Swarm secrets when nothing was to be done`);
  }
  if (!destroy) {
    await emptySwarm(host);
    return { create, noop };
  }
  const destroyed = await measure(commands.destroy);
  await expectWork(who, host, 0, 0);
  return { create, noop, destroy: destroyed };
}
