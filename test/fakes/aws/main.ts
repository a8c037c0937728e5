import { main } from "@pulumi/pulumi/provider/index.js";
import { containerKinds } from "./containers.ts";
import { identityKinds } from "./identity.ts";
import { networkKinds } from "./network.ts";
import { FakeAwsProvider } from "./provider.ts";
import { secretKinds } from "./secrets.ts";

const kinds = { ...identityKinds, ...secretKinds, ...networkKinds, ...containerKinds };
await main(new FakeAwsProvider(kinds), process.argv.slice(2));
