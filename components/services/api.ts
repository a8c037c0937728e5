import { answersAt } from "./health.ts";
import { backends, ownStorage, type Storage } from "./backends.ts";
import { defineService, type ServiceSpec } from "./service.ts";

/** The API: two tasks or more, replaced one by one. */
export function api({
  replicas,
  storage = ownStorage,
}: {
  readonly replicas: number;
  readonly storage?: Storage;
}): ServiceSpec<"api"> {
  return defineService({
    name: "api",
    image: "app",
    uid: 10001,
    args: ["api"],
    env: { ...backends.database, ...backends.cache, ...storage.env, PORT: "8080" },
    secrets: [
      "JWT_PRIVATE_KEY",
      "JWT_PUBLIC_KEY",
      "JWT_SECRET",
      "DB_PASSWORD",
      "REDIS_PASSWORD",
      "S3_ACCESS_KEY",
      "S3_SECRET_KEY",
      "OAUTH_GOOGLE_CLIENT_SECRET",
      "OAUTH_GITHUB_CLIENT_SECRET",
    ],
    networks: ["edge", "database", "cache", "storage"],
    volumes: [],
    replicas,
    health: answersAt("http://127.0.0.1:8080/healthz"),
    limits: { cpus: 1, memoryMb: 512 },
    rollout: "rolling",
    after: ["db-migrate", "cache-acl", ...storage.after],
    stopGrace: "30s",
  });
}
