import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts", "test/policy/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // They need no stack that is shared: a part of their own.
          exclude: ["test/e2e/fault.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          // One Swarm, one stack: files take turns.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "fault",
          include: ["test/e2e/fault.test.ts"],
          globalSetup: ["test/e2e/faultSetup.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
