import { answersAt } from "./health.ts";
import { backends } from "./backends.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** The background worker: takes jobs from PostgreSQL, reads objects from S3. */
export function worker({ replicas }: { readonly replicas: number }): ServiceSpec<"worker"> {
  return defineService({
    name: "worker",
    image: "app",
    uid: 10001,
    args: ["worker"],
    env: { ...backends.database, ...backends.storage, PORT: "8081" },
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
    after: ["db-migrate", "s3"],
    stopGrace: "30s",
  });
}
