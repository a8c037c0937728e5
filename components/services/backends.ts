import type { ServiceName } from "../catalog/types.ts";

/** Where the application finds its backends, by the names that the services have on their networks. */
export const backends = {
  database: { DB_HOST: "postgres", DB_PORT: "5432", DB_NAME: "goimg" },
  cache: { REDIS_HOST: "redis", REDIS_PORT: "6379" },
  backup: { BACKUP_S3_BUCKET: "goimg-backup" },
  storage: { S3_ENDPOINT: "http://s3:7070", S3_BUCKET: "goimg", S3_REGION: "us-east-1" },
} as const;

/** Where objects are kept, and what has to run for that. */
export interface Storage {
  readonly env: { readonly S3_ENDPOINT: string; readonly S3_BUCKET: string; readonly S3_REGION: string };
  readonly backupBucket: string;
  /** Services of the stack that keep them. @default none: somebody else does */
  readonly after: readonly ServiceName[];
}

/** The stack's own service. */
export const ownStorage: Storage = {
  env: backends.storage,
  backupBucket: backends.backup.BACKUP_S3_BUCKET,
  after: ["s3"],
};
