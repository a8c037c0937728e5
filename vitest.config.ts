import { defineConfig } from "vitest/config";
import RotationsLast from "./test/e2e/rotation/order.ts";

export default defineConfig({
  test: {
    sequence: { sequencer: RotationsLast },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/policy/**/*.test.ts"],
          // They run beside the set-up of the engine's tests, which builds programs on the same cores.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // They need no stack that is shared: parts of their own.
          exclude: ["test/e2e/fault.test.ts", "test/e2e/faults/**", "test/e2e/kernel/**", "test/e2e/prod/**"],
          globalSetup: ["test/e2e/setup.ts"],
          // One Swarm, one stack: files take turns.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "prod",
          // Five machines and a Swarm of their own: node test/run.ts prod.
          include: ["test/e2e/prod/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: "rotation-faults",
          // Kills rotations for the length of a coffee: node test/run.ts rotation-faults.
          include: ["test/e2e/faults/**/*.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "kernel",
          // It uses the audit of this machine's kernel, of which there is one: node test/run.ts kernel.
          include: ["test/e2e/kernel/**/*.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "fault",
          include: ["test/e2e/fault.test.ts"],
          globalSetup: ["test/e2e/faultSetup.ts"],
          // Stacks at a time: a third would starve the health checks of two cores.
          maxConcurrency: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
