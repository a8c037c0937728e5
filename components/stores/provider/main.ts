import { main } from "@pulumi/pulumi/provider/index.js";
import { ecsJob } from "../../cluster/ecs/job.ts";
import { awsGeneration } from "./awsGeneration.ts";
import { awsLabels } from "./awsLabels.ts";
import { envEntry } from "./envEntry.ts";
import { KindsProvider } from "./provider.ts";
import { vaultGeneration } from "./vaultGeneration.ts";
import { vaultLogin } from "./vaultLogin.ts";
import { vaultSecretId } from "./vaultSecretId.ts";

const kinds = {
  "goimg-stores:aws:Generation": awsGeneration,
  "goimg-stores:aws:Labels": awsLabels,
  "goimg-stores:ecs:Job": ecsJob,
  "goimg-stores:env:Entry": envEntry,
  "goimg-stores:vault:Generation": vaultGeneration,
  "goimg-stores:vault:Login": vaultLogin,
  "goimg-stores:vault:SecretId": vaultSecretId,
};
await main(new KindsProvider(kinds), process.argv.slice(2));
