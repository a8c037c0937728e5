import { answersAt } from "./health.ts";
import { backends } from "./backends.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** S3 storage. Two tasks share the volume, so that a change of keys replaces them one by one. */
export function s3({ replicas }: { readonly replicas: number }): ServiceSpec<"s3"> {
  return defineService({
    name: "s3",
    image: "s3",
    uid: 10004,
    args: [],
    env: {
      S3_BUCKET: backends.storage.S3_BUCKET,
      ...backends.backup,
      S3_REGION: backends.storage.S3_REGION,
      S3_PORT: "7070",
    },
    secrets: ["S3_ACCESS_KEY", "S3_SECRET_KEY", "BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY"],
    networks: ["storage"],
    volumes: [{ volume: "storage", path: "/data" }],
    replicas,
    health: answersAt("http://127.0.0.1:7070/healthz"),
    limits: { cpus: 1, memoryMb: 512 },
    rollout: "rolling",
    after: [],
    stopGrace: "30s",
  });
}
