import type { input } from "@pulumi/docker/types/index.js";
import type { ServiceSpec } from "../../services/service.ts";

/**
 * How a service moves to a new spec.
 *
 * Rule: a task that does not become healthy rolls the service back, and the update fails.
 * Why: a paused update leaves half of the tasks old. A task counts when it is healthy, so there is little to monitor after.
 *
 * @param urgent in an emergency: all tasks are replaced at once. Each old one still stays until its successor is healthy.
 */
export function updateConfig(spec: ServiceSpec, urgent: boolean): input.ServiceUpdateConfig {
  return {
    parallelism: urgent && spec.rollout === "rolling" ? 0 : 1,
    order: spec.rollout === "rolling" ? "start-first" : "stop-first",
    // Swarm counts a task that ends while it looks as failed, with 0 too: the gate tells a job that is done from one that failed.
    failureAction: spec.rollout === "job" ? "continue" : "rollback",
    // The update is over this long after its last task is healthy: there is nothing to look at where that changes nothing.
    monitor: urgent || spec.rollout === "job" ? "100ms" : "500ms",
    maxFailureRatio: "0.0",
    delay: "0s",
  };
}

/** The way back is taken as carefully as the way forward. */
export function rollbackConfig(spec: ServiceSpec): input.ServiceRollbackConfig {
  return {
    parallelism: 1,
    order: spec.rollout === "rolling" ? "start-first" : "stop-first",
    failureAction: "pause",
    monitor: "500ms",
    maxFailureRatio: "0.0",
    delay: "0s",
  };
}

/** A service comes back for ever; a job until it has done its work: the gate tells that it fails, and mending it needs no update. */
export function restartPolicy(spec: ServiceSpec): input.ServiceTaskSpecRestartPolicy {
  return { condition: spec.rollout === "job" ? "on-failure" : "any", delay: "1s", maxAttempts: 0, window: "0s" };
}

/**
 * DNS round robin, and ports on the node itself: virtual IPs and the routing mesh need the kernel's `ip_vs`, which many
 * machines lack, and the gateway re-resolves names anyway.
 */
export function endpointSpec({ publish }: ServiceSpec): input.ServiceEndpointSpec {
  if (publish === undefined) return { mode: "dnsrr" };
  return {
    mode: "dnsrr",
    ports: publish.map(({ target, published }) => ({
      targetPort: target,
      publishedPort: published,
      publishMode: "host",
      protocol: "tcp",
    })),
  };
}

/** What Swarm takes at least, in bytes: it refuses a service that reserves less. */
const leastMemory = 4 * 1024 * 1024;

/**
 * Limits, and a part of them reserved, so that the scheduler spreads tasks by what they may use: a twentieth of the CPUs, as
 * most of the time most services wait, and a task beyond what can be reserved is never started; a tenth of the memory.
 */
export function resources({ limits }: ServiceSpec): input.ServiceTaskSpecResources {
  const nanoCpus = Math.round(limits.cpus * 1e9);
  const memoryBytes = limits.memoryMb * 1024 * 1024;
  return {
    limits: { nanoCpus, memoryBytes },
    reservation: {
      nanoCpus: Math.round(nanoCpus / 20),
      memoryBytes: Math.max(Math.round(memoryBytes / 10), leastMemory),
    },
  };
}
