/** One of each resource that the stacks are made of. The stack's config says what each looks like in this step. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

const config = new pulumi.Config();
const step = config.requireNumber("step");
const image = config.require("image");
const base64 = (text: pulumi.Output<string>): pulumi.Output<string> =>
  text.apply((value) => Buffer.from(value).toString("base64"));

const password = new random.RandomPassword("conformance-password", { length: 40 + step, special: false });
const key = new tls.PrivateKey("conformance-key", { algorithm: "RSA", rsaBits: step < 3 ? 2048 : 3072 });

const secret = new docker.Secret("conformance-secret", { data: base64(password.result) });
const settings = new docker.ServiceConfig("conformance-settings", {
  data: Buffer.from(`step ${step}`).toString("base64"),
});
const network = new docker.Network(
  "conformance-network",
  { driver: "overlay", attachable: step >= 3, options: { encrypted: "true" } },
  // Swarm adds an option of its own to what was asked for.
  { ignoreChanges: ["options"] },
);
const volume = new docker.Volume("conformance-volume", {
  labels: [{ label: "step", value: step < 3 ? "first" : "third" }],
});

const service = new docker.Service("conformance-service", {
  labels: [{ label: "step", value: String(step) }],
  taskSpec: {
    containerSpec: {
      image,
      commands: ["sleep", "infinity"],
      // A secret that is replaced stays until no service refers to it.
      secrets: [{ secretId: secret.id, secretName: secret.name, fileName: "/run/secrets/P", fileMode: 0o400 }],
      configs: [{ configId: settings.id, configName: settings.name, fileName: "/settings" }],
      mounts: [{ type: "volume", source: volume.name, target: "/data" }],
      stopSignal: "SIGKILL",
    },
    networksAdvanceds: [{ name: network.id }],
  },
  endpointSpec: { mode: "dnsrr" },
  mode: { replicated: { replicas: step < 2 ? 1 : 2 } },
  convergeConfig: { delay: "100ms", timeout: "60s" },
});

export const names = {
  secret: secret.name,
  settings: settings.name,
  network: network.name,
  volume: volume.name,
  service: service.name,
};
export const ids = { settings: settings.id, network: network.id, service: service.id };
export const publicKey = key.publicKeyPem;
export const passwordValue = password.result;
