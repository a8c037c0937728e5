import { answersAt } from "./health.ts";
import { backends, ownStorage, type Storage } from "./backends.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** The background worker: takes jobs from PostgreSQL, reads objects from S3. */
export function worker({
  replicas,
  storage = ownStorage,
}: {
  readonly replicas: number;
  readonly storage?: Storage;
}): ServiceSpec<"worker"> {
  return defineService({
    name: "worker",
    image: "app",
    uid: 10001,
    args: ["worker"],
    env: { ...backends.database, ...storage.env, PORT: "8081" },
    secrets: [
      "DB_PASSWORD",
      "S3_ACCESS_KEY",
      "S3_SECRET_KEY",
      "IPFS_PINATA_JWT",
      "IPFS_INFURA_PROJECT_ID",
      "IPFS_INFURA_PROJECT_SECRET",
      "SMTP_PASSWORD",
      "CLAMAV_PASSWORD",
    ],
    networks: ["database", "storage"],
    volumes: [],
    replicas,
    health: answersAt("http://127.0.0.1:8081/healthz"),
    limits: { cpus: 1, memoryMb: 256 },
    rollout: "rolling",
    after: ["db-migrate", ...storage.after],
    stopGrace: "30s",
  });
}
