import { answersAt } from "./health.ts";
import { backends, ownStorage, type Storage } from "./backends.ts";
import { databaseSocket, databaseUser } from "./database.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** What the backup service is given beside its secrets. */
export interface BackupArgs {
  /**
   * age public keys: each copy is encrypted to all of them before it leaves the container. With none, the bucket's own protection is
   * all that a copy has.
   */
  readonly recipients: readonly string[];
  /** Where the bucket is. @default the stack's own S3 server */
  readonly storage?: Storage;
}

/** The variable of its environment that names them. Public keys, and no secret. */
export const recipientsVariable = "BACKUP_RECIPIENTS";

/**
 * Copies the database to a bucket of its own, when it starts and every day. It is healthy while the last copy was made, so a rotation
 * of its key that does not work is rolled back.
 */
export function backup({ recipients, storage = ownStorage }: BackupArgs): ServiceSpec<"backup"> {
  return defineService({
    name: "backup",
    image: "postgres",
    uid: databaseUser,
    args: ["backup"],
    env: {
      DB_NAME: backends.database.DB_NAME,
      S3_ENDPOINT: storage.env.S3_ENDPOINT,
      S3_REGION: storage.env.S3_REGION,
      S3_BUCKET: storage.backupBucket,
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
    after: ["db-migrate", ...storage.after],
    stopGrace: "30s",
  });
}
