import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { secretSpecs, type SecretName } from "../../../components/catalog/grants.ts";
import { dropDebugMessages } from "../../../components/secrets/debugMessages.ts";
import type { Declared } from "../../../components/secrets/declare.ts";
import { Generations } from "../../../components/secrets/generations.ts";
import { SwarmStore } from "../../../components/stores/swarm.ts";

dropDebugMessages();

/** A catalog of one RSA key pair and as many passwords as the config says, through the project's own components. */
const config = new pulumi.Config();
const count = config.requireNumber("count");
const declared = (secret: string, like: SecretName): Declared => {
  const spec = secretSpecs[like];
  const entries = Object.entries(spec.entries);
  const renamed = entries.length === 1 ? entries.map(([, entry]) => [secret, entry] as const) : entries;
  return {
    // The components take the catalog's names; these stand for as many names as the catalog does not have.
    secret: secret as SecretName,
    spec: { ...spec, entries: Object.fromEntries(renamed) },
    required: true,
    live: [1],
    active: 1,
  };
};
const passwords = Array.from({ length: count }, (_, index) => declared(`PASSWORD_${index}`, "DB_PASSWORD"));
const generations = new Generations("secrets", {
  secrets: [declared("JWT_KEY", "JWT_KEY"), ...passwords],
  external: {},
});
const store = new SwarmStore("store", generations.entries);

// Every value is granted to one service, without a task: how long a container takes to start is not what is compared.
if (config.requireBoolean("service")) {
  new docker.Service("app", {
    labels: [{ label: "goimg.stack", value: pulumi.getStack() }],
    mode: { replicated: { replicas: 0 } },
    taskSpec: {
      containerSpec: {
        image: "goimg-secrets/none:1",
        secrets: store.entries.map(({ entry, id, name }) => ({
          secretId: id,
          secretName: name,
          fileName: entry,
          fileMode: 0o400,
        })),
      },
    },
  });
}
