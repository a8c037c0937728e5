import * as z from "zod";

/**
 * What the exporter is told of a stack: names, numbers and moments, never a value. All moments are ISO 8601, UTC; what passes with
 * time (age, days left) is worked out when the metrics are read.
 */
export const factsSchema = z.strictObject({
  version: z.literal(1),
  stack: z.string(),
  /** When the stack was looked at. */
  at: z.iso.datetime(),
  secrets: z.array(
    z.strictObject({
      secret: z.string(),
      kind: z.string(),
      strategy: z.string(),
      owner: z.string(),
      active: z.int().min(0),
      due: z.iso.datetime(),
      generations: z.array(
        z.strictObject({ generation: z.int().min(1), phase: z.string(), createdAt: z.iso.datetime() }),
      ),
      /** Whether what runs is what is declared. */
      settled: z.boolean(),
      /** The last step of a rotation, if the audit log has one. */
      last: z
        .strictObject({ action: z.string(), outcome: z.enum(["started", "done", "failed"]), at: z.iso.datetime() })
        .optional(),
    }),
  ),
  /** Steps of rotations since the audit log began. */
  steps: z.array(z.strictObject({ action: z.string(), outcome: z.string(), count: z.int().min(1) })),
  /** The last check by the policy pack, if there was one. `failed` is true when it could not be done to its end. */
  policies: z
    .strictObject({
      at: z.iso.datetime(),
      failed: z.boolean(),
      violations: z.array(z.strictObject({ policy: z.string(), level: z.string(), count: z.int().min(1) })),
    })
    .optional(),
});

export type Facts = z.infer<typeof factsSchema>;

/** Where the exporter listens, on its network alone. */
export const metricsPort = 9464;

/** Name of the service that exports the metrics. */
export const metricsService = "metrics";
