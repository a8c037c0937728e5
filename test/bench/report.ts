import { cpus, loadavg, totalmem } from "node:os";
import Table from "cli-table3";
import { phases, type Phase } from "./contenders/contender.ts";
import { median, type Cost } from "./measure.ts";
import type { Series } from "./run.ts";

/** What a benchmark found, as `--json` writes it. Times are in seconds. */
export interface Figures {
  readonly machine: { readonly cores: number; readonly memoryGiB: number; readonly load: readonly number[] };
  readonly results: readonly (Series & { readonly medians: Readonly<Record<Phase, Cost>> })[];
}

/** The measured series with their medians, and the machine that they were measured on. */
export function figures(series: readonly Series[], load: readonly number[]): Figures {
  return {
    machine: { cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), load },
    results: series.map((one) => ({
      ...one,
      medians: {
        create: medians(one.costs.create),
        noop: medians(one.costs.noop),
        destroy: medians(one.costs.destroy),
      },
    })),
  };
}

/** Load averages of the machine now (1, 5, 15 minutes): other work makes wall times longer. */
export function load(): readonly number[] {
  return loadavg().map((value) => Math.round(value * 10) / 10);
}

function medians(costs: readonly Cost[]): Cost {
  return { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) };
}

/** A figure, or a dash for what was not measured. */
function number(value: number, digits: number): string {
  return Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** A table with a row for each contender and size; Terraform's or OpenTofu's time is what the others are compared with. */
export function table({ results, machine }: Figures): string {
  const rows = new Table({
    head: ["passwords", "contender", "runs", ...phases.map((phase) => `${phase}, s`), "CPU, s", "create ×", "no-op ×"],
    colAligns: ["right", "left", "right", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const one of results) {
    const reference = results.find(
      ({ contender, passwords }) =>
        passwords === one.passwords && (contender === "terraform" || contender === "opentofu"),
    );
    const ratio = (phase: Phase): string =>
      reference === undefined
        ? ""
        : [
            one.medians[phase].wall / reference.medians[phase].wall,
            one.medians[phase].cpu / reference.medians[phase].cpu,
          ]
            .map((times) => times.toFixed(2))
            .join(" / ");
    rows.push([
      one.passwords,
      one.title,
      one.costs.create.length,
      ...phases.map((phase) => number(one.medians[phase].wall, 2)),
      phases.map((phase) => number(one.medians[phase].cpu, 1)).join(" / "),
      ratio("create"),
      ratio("noop"),
    ]);
  }
  const { cores, memoryGiB } = machine;
  return [
    rows.toString(),
    `Medians of wall time; CPU is user + system of create / no-op / destroy, without the Docker Engine's own.`,
    `×: wall / CPU, of Terraform's or OpenTofu's.`,
    `Beside the passwords: one RSA 4096 key pair; each value in a Swarm secret. ${cores} cores, ${memoryGiB} GiB,`,
    `load of the machine at the start and at the end: ${machine.load.join(" ")}.`,
  ].join("\n");
}
