import { main } from "@pulumi/pulumi/provider/index.js";
import { KindsProvider } from "../../stores/provider/provider.ts";
import { hostKey } from "./hostKey.ts";
import { node } from "./node.ts";
import { swarm } from "./swarm.ts";

const kinds = {
  "goimg-cluster:ssh:HostKey": hostKey,
  "goimg-cluster:swarm:Swarm": swarm,
  "goimg-cluster:swarm:Node": node,
};
await main(new KindsProvider(kinds), process.argv.slice(2));
