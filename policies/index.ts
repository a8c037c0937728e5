import { PolicyPack } from "@pulumi/policy";
import { policy } from "./pulumi.ts";
import { rules } from "./rules.ts";

// The SDK reads the pack's version from package.json in the working directory; not every language host sets that to the pack's.
process.chdir(import.meta.dirname);

const surroundings = { now: () => new Date(), env: process.env };

new PolicyPack("goimg-secrets", { policies: rules().map((rule) => policy(rule, surroundings)) });
