import { main } from "@pulumi/pulumi/provider/index.js";
import { envEntry } from "./envEntry.ts";
import { StoresProvider } from "./provider.ts";

await main(new StoresProvider({ "goimg-stores:env:Entry": envEntry }), process.argv.slice(2));
