import type { Project } from "../compose/project.ts";
import type { Occurrence } from "../find/occurrences.ts";
import { purposeOf, type Purpose } from "./purpose.ts";

/** Occurrences of one secret. */
export interface Group {
  readonly occurrences: readonly Occurrence[];
  readonly purposes: readonly Purpose[];
}

/**
 * Puts the occurrences of one value together, wherever they are: one secret with several consumers. A value that two
 * servers, or two accounts of one, have in common is two secrets: they rotate on their own.
 */
export function groupsOf(occurrences: readonly Occurrence[], project: Project): readonly Group[] {
  const byValue = new Map<string, Occurrence[]>();
  for (const occurrence of occurrences) {
    const same = byValue.get(occurrence.value.reveal());
    if (same === undefined) byValue.set(occurrence.value.reveal(), [occurrence]);
    else same.push(occurrence);
  }
  return [...byValue.values()].flatMap((same) => split(same, project));
}

function split(same: readonly Occurrence[], project: Project): readonly Group[] {
  const known = same.map((occurrence) => ({ occurrence, purpose: purposeOf(occurrence, project) }));
  const clusters: { occurrence: Occurrence; purpose: Purpose }[][] = [];
  // The surest first: the others join what they fit.
  const certainty = ({ software, account }: Purpose): number =>
    (software === undefined ? 0 : 2) + (account === undefined ? 0 : 1);
  const sure = [...known].sort((a, b) => certainty(b.purpose) - certainty(a.purpose));
  for (const each of sure) {
    const fitting = clusters.filter((cluster) => cluster.every(({ purpose }) => compatible(purpose, each.purpose)));
    const best =
      fitting.find((cluster) => cluster.some(({ occurrence }) => sameVariable(occurrence, each.occurrence))) ??
      fitting.find((cluster) => cluster.some(({ purpose }) => purpose.account !== "root")) ??
      fitting[0];
    if (best === undefined) clusters.push([each]);
    else best.push(each);
  }
  const order = (cluster: readonly { occurrence: Occurrence }[]): number =>
    Math.min(...cluster.map(({ occurrence }) => same.indexOf(occurrence)));
  return clusters
    .sort((a, b) => order(a) - order(b))
    .map((cluster) => {
      const inOrder = known.filter((each) => cluster.some(({ occurrence }) => occurrence === each.occurrence));
      return {
        occurrences: inOrder.map(({ occurrence }) => occurrence),
        purposes: inOrder.map(({ purpose }) => purpose),
      };
    });
}

function compatible(one: Purpose, other: Purpose): boolean {
  const sameSoftware =
    one.software === undefined || other.software === undefined || one.software.id === other.software.id;
  const sameAccount = one.account === undefined || other.account === undefined || one.account === other.account;
  return sameSoftware && sameAccount;
}

function sameVariable(one: Occurrence, other: Occurrence): boolean {
  return one.variable !== undefined && one.variable === other.variable;
}
