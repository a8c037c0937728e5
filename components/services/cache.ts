import { acceptsConnections } from "./health.ts";
import { backends } from "./backends.ts";
import { defineService, type ServiceSpec, type VolumeMount } from "./service.ts";

const uid = 10003;
const data: VolumeMount = { volume: "cache", path: "/data" };

/** Redis. It mounts no secret: its ACL file, on its volume, holds hashes. */
export function redis(): ServiceSpec<"redis"> {
  return defineService({
    name: "redis",
    image: "redis",
    uid,
    args: [],
    env: {},
    secrets: [],
    networks: ["cache"],
    volumes: [data],
    replicas: 1,
    health: acceptsConnections("redis-check"),
    limits: { cpus: 0.5, memoryMb: 256 },
    rollout: "exclusive",
    after: [],
    stopGrace: "30s",
  });
}

/** Gives every live generation of the two Redis passwords to its ACL user, and saves the ACL. */
export function cacheAcl(): ServiceSpec<"cache-acl"> {
  return defineService({
    name: "cache-acl",
    image: "redis",
    uid,
    args: ["cache-acl"],
    env: { ...backends.cache },
    secrets: ["REDIS_PASSWORD", "REDIS_ADMIN_PASSWORD"],
    networks: ["cache"],
    volumes: [data],
    replicas: 1,
    limits: { cpus: 1, memoryMb: 128 },
    rollout: "job",
    // Not after redis: on an empty volume each waits for the other.
    after: [],
    stopGrace: "30s",
  });
}
