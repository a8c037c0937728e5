import { acceptsConnections } from "./health.ts";
import { backends } from "./backends.ts";
import { defineService, type ServiceSpec, type VolumeMount } from "./service.ts";

/** PostgreSQL's own user, who is its superuser over the socket. */
export const databaseUser = 10002;
export const databaseSocket: VolumeMount = { volume: "database-socket", path: "/run/postgresql" };

/**
 * PostgreSQL. It mounts no secret and its superuser has no password: only a process of its own user on its own node
 * reaches it as superuser, over the socket, so a rotation never restarts it.
 */
export function postgres(): ServiceSpec<"postgres"> {
  return defineService({
    name: "postgres",
    image: "postgres",
    uid: databaseUser,
    args: [],
    env: {},
    secrets: [],
    networks: ["database"],
    volumes: [{ volume: "database", path: "/var/lib/postgresql/data" }, databaseSocket],
    replicas: 1,
    health: acceptsConnections("pg-check"),
    limits: { cpus: 1, memoryMb: 1024 },
    rollout: "exclusive",
    after: [],
    stopGrace: "30s",
  });
}

/** Gives every live generation of DB_PASSWORD its login role, all of them members of the one owner role. */
export function dbRoles(): ServiceSpec<"db-roles"> {
  return defineService({
    name: "db-roles",
    image: "postgres",
    uid: databaseUser,
    args: ["db-roles"],
    env: { DB_NAME: backends.database.DB_NAME },
    // A leaked role's sessions are not waited for: its clients are, which move when this job is done.
    urgentEnv: { DRAIN_SECONDS: "0" },
    secrets: ["DB_PASSWORD"],
    networks: ["database"],
    volumes: [databaseSocket],
    replicas: 1,
    limits: { cpus: 1, memoryMb: 128 },
    rollout: "job",
    after: [],
    stopGrace: "30s",
  });
}

/** Brings the schema up to date as the owner role. */
export function dbMigrate(): ServiceSpec<"db-migrate"> {
  return defineService({
    name: "db-migrate",
    image: "app",
    uid: 10001,
    args: ["db-migrate"],
    env: { ...backends.database },
    secrets: ["DB_PASSWORD"],
    networks: ["database"],
    volumes: [],
    replicas: 1,
    limits: { cpus: 1, memoryMb: 256 },
    rollout: "job",
    after: ["postgres", "db-roles"],
    stopGrace: "30s",
  });
}
