/** `node test/bench/fuzz.ts [trees] [seed]`: walks random trees (100,000 unless told) and stops at an echoed value. */
import { detectTree } from "../../policies/detect/index.ts";
import { numbersFrom, randomTree, sentinel } from "../policy/corpus/trees.ts";

const trees = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const next = numbersFrom(seed);
const started = performance.now();
let findings = 0;
let slowest = 0;
for (let count = 0; count < trees; count++) {
  const tree = randomTree(next, 4);
  const begun = performance.now();
  const found = detectTree(tree);
  slowest = Math.max(slowest, performance.now() - begun);
  findings += found.length;
  if (JSON.stringify(found).includes(sentinel)) throw new Error(`tree ${count} of seed ${seed} was echoed`);
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `${trees} trees of seed ${seed}: ${findings} findings, none echoed, ${seconds.toFixed(1)} s, slowest ${slowest.toFixed(1)} ms`,
);
