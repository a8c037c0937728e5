import { answersAt } from "./health.ts";
import { defineService, type ServiceSpec } from "./service.ts";

const health = {
  ...answersAt("http://127.0.0.1:8404/readyz"),
  command: ["goimg-job", "http-check", "--once", "http://127.0.0.1:8404/readyz", "http://127.0.0.1:8404/healthz"],
};
const proxy = {
  image: "gateway",
  uid: 10005,
  volumes: [],
  health,
  limits: { cpus: 1, memoryMb: 128 },
  stopGrace: "30s",
} as const;
const api = { API_HOST: "api", API_PORT: "8080" };

/** The gateway in plain HTTP: the only published port. It holds no secret, so no rotation touches it. */
export function gateway({ port }: { readonly port: number }): ServiceSpec<"gateway"> {
  return defineService({
    ...proxy,
    name: "gateway",
    args: ["gateway"],
    env: { GATEWAY_PORT: "8080", ...api },
    secrets: [],
    networks: ["edge"],
    replicas: 1,
    // A port of the node has one holder at a time.
    rollout: "exclusive",
    publish: [{ target: 8080, published: port }],
    after: ["api"],
  });
}

/**
 * The gateway over TLS, behind the {@link ingress}: two tasks without a port of a node, so that a renewal of the certificate replaces
 * one after the other.
 */
export function tlsGateway(): ServiceSpec<"gateway"> {
  return defineService({
    ...proxy,
    name: "gateway",
    args: ["gateway"],
    // Longer than an idle connection is kept (haproxy.cfg), so that none is cut; shorter than the grace for stopping.
    env: { GATEWAY_PORT: "8443", GATEWAY_TLS: "1", HARD_STOP: "25s", ...api },
    secrets: ["TLS_CERTIFICATE", "TLS_PRIVATE_KEY"],
    networks: ["edge", "ingress"],
    replicas: 2,
    rollout: "rolling",
    after: ["api"],
  });
}

/**
 * What holds the ports 80 and 443 of its node: it passes connections on to the gateway, unopened, and sends plain HTTP to https. It
 * holds no secret, so no rotation touches it.
 */
export function ingress({ host }: { readonly host: string }): ServiceSpec<"ingress"> {
  return defineService({
    ...proxy,
    name: "ingress",
    args: ["ingress"],
    env: { HTTP_PORT: "8080", TLS_PORT: "8443", PUBLIC_HOST: host, GATEWAY_HOST: "gateway", GATEWAY_PORT: "8443" },
    secrets: [],
    networks: ["ingress"],
    replicas: 1,
    // Ports of the node have one holder at a time.
    rollout: "exclusive",
    publish: [
      { target: 8080, published: 80 },
      { target: 8443, published: 443 },
    ],
    after: ["gateway"],
  });
}
