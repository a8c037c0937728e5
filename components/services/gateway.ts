import { answersAt } from "./health.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** The gateway: the only published port. It holds no secret, so no rotation touches it. */
export function gateway({ port }: { readonly port: number }): ServiceSpec<"gateway"> {
  const health = answersAt("http://127.0.0.1:8404/readyz");
  return defineService({
    name: "gateway",
    image: "gateway",
    uid: 10005,
    args: [],
    env: { GATEWAY_PORT: "8080", API_HOST: "api", API_PORT: "8080" },
    secrets: [],
    networks: ["edge"],
    volumes: [],
    replicas: 1,
    health: {
      ...health,
      command: ["goimg-job", "http-check", "--once", "http://127.0.0.1:8404/readyz", "http://127.0.0.1:8404/healthz"],
    },
    limits: { cpus: 1, memoryMb: 128 },
    // A port of the node has one holder at a time.
    rollout: "exclusive",
    publish: { target: 8080, published: port },
    after: ["api"],
    stopGrace: "30s",
  });
}
