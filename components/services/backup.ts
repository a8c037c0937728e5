import { answersAt } from "./health.ts";
import { backends } from "./backends.ts";
import { databaseSocket, databaseUser } from "./database.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** What the backup service is given beside its secrets. */
export interface BackupArgs {
  /**
   * age public keys: each copy is encrypted to all of them before it leaves the container. With none, the bucket's own protection is
   * all that a copy has.
   */
  readonly recipients: readonly string[];
}

/** The variable of its environment that names them. Public keys, and no secret. */
export const recipientsVariable = "BACKUP_RECIPIENTS";

/**
 * Copies the database to a bucket of its own, when it starts and every day. It is healthy while the last copy was made, so a rotation
 * of its key that does not work is rolled back.
 */
export function backup({ recipients }: BackupArgs): ServiceSpec<"backup"> {
  return defineService({
    name: "backup",
    image: "postgres",
    uid: databaseUser,
    args: ["backup"],
    env: {
      DB_NAME: backends.database.DB_NAME,
      S3_ENDPOINT: backends.storage.S3_ENDPOINT,
      S3_REGION: backends.storage.S3_REGION,
      S3_BUCKET: backends.backup.BACKUP_S3_BUCKET,
      PORT: "8082",
      BACKUP_INTERVAL_SECONDS: "86400",
      BACKUP_KEEP: "7",
      ...(recipients.length === 0 ? {} : { [recipientsVariable]: recipients.join(" ") }),
    },
    secrets: ["BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY"],
    networks: ["storage"],
    volumes: [databaseSocket],
    replicas: 1,
    health: answersAt("http://127.0.0.1:8082/"),
    limits: { cpus: 0.5, memoryMb: 256 },
    rollout: "rolling",
    after: ["db-migrate", "s3"],
    stopGrace: "30s",
  });
}
