import { expect, test } from "vitest";
import { detectTree } from "../../../policies/detect/index.ts";
import { numbersFrom, randomTree, sentinel } from "../corpus/trees.ts";

// `test/bench/fuzz.ts` runs as many as its argument says; this is the share of every test run.
const trees = 5_000;

test(`${trees} random trees neither crash nor hang the walk, and no value is echoed`, { timeout: 120_000 }, () => {
  const next = numbersFrom(20_260_101);
  let findings = 0;
  for (let count = 0; count < trees; count++) {
    const found = detectTree(randomTree(next, 4));
    findings += found.length;
    const said = JSON.stringify(found);
    if (said.includes(sentinel)) expect.fail(`tree ${count} of the seed was echoed`);
  }
  expect(findings).toBeGreaterThan(trees / 2);
});
