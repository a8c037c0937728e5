/** Where the application finds its backends, by the names that the services have on their networks. */
export const backends = {
  database: { DB_HOST: "postgres", DB_PORT: "5432", DB_NAME: "goimg" },
  cache: { REDIS_HOST: "redis", REDIS_PORT: "6379" },
  backup: { BACKUP_S3_BUCKET: "goimg-backup" },
  storage: { S3_ENDPOINT: "http://s3:7070", S3_BUCKET: "goimg", S3_REGION: "us-east-1" },
} as const;
