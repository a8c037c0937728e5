import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";

/** A shop with one secret: generated, put into Swarm's store, and mounted. */
const generated = new random.RandomPassword("shop-database-password", { length: 43, special: false });
const stored = new docker.Secret("shop-database-password", {
  data: generated.result.apply((value) => Buffer.from(value).toString("base64")),
});
const network = new docker.Network("shop", { driver: "overlay", options: { encrypted: "true" } });

new docker.Service("shop", {
  convergeConfig: { delay: "1s", timeout: "2m" },
  updateConfig: { order: "start-first", failureAction: "rollback" },
  mode: { replicated: { replicas: 2 } },
  taskSpec: {
    networksAdvanceds: [{ name: network.id }],
    containerSpec: {
      image: "registry.example/shop:1.4",
      user: "10001",
      env: { DATABASE_HOST: "database", DATABASE_PASSWORD_FILE: "/run/secrets/database-password" },
      healthcheck: { tests: ["CMD", "/shop", "health"], interval: "5s" },
      secrets: [
        {
          secretId: stored.id,
          secretName: stored.name,
          fileName: "database-password",
          fileUid: "10001",
          fileMode: 0o400,
        },
      ],
    },
  },
});

new docker.Service("mailer", {
  convergeConfig: { delay: "1s", timeout: "2m" },
  updateConfig: { order: "stop-first", failureAction: "rollback" },
  taskSpec: {
    containerSpec: {
      image: "registry.example/mailer:2.0",
      healthcheck: { tests: ["CMD", "/mailer", "health"], interval: "5s" },
    },
  },
});
