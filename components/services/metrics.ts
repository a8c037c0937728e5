import { metricsPort } from "../observability/facts.ts";
import { answersAt } from "./health.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/**
 * The exporter of the secrets' metrics. It holds no secret, and no update of the stack's changes it: the operator's command hands
 * it the facts (ADR 4).
 */
export function metrics(): ServiceSpec<"metrics"> {
  return defineService({
    name: "metrics",
    image: "app",
    uid: 10006,
    args: ["metrics"],
    env: { PORT: String(metricsPort) },
    secrets: [],
    networks: ["monitoring"],
    volumes: [{ volume: "metrics", path: "/var/lib/goimg-metrics" }],
    replicas: 1,
    health: { ...answersAt(`http://127.0.0.1:${metricsPort}/healthz`), interval: "3s" },
    limits: { cpus: 0.25, memoryMb: 128 },
    rollout: "exclusive",
    after: [],
    stopGrace: "30s",
  });
}
