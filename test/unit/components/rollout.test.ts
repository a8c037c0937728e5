import { expect, test } from "vitest";
import { resources } from "../../../components/cluster/swarm/rollout.ts";
import { worker } from "../../../components/services/worker.ts";

test("a tenth of a service's memory is reserved, and never less than Swarm takes", () => {
  const reserved = (memoryMb: number): unknown =>
    resources({ ...worker({ replicas: 1 }), limits: { cpus: 1, memoryMb } }).reservation;
  expect(reserved(256)).toEqual({ nanoCpus: 50_000_000, memoryBytes: 26_843_546 });
  expect(reserved(16)).toEqual({ nanoCpus: 50_000_000, memoryBytes: 4_194_304 });
});
