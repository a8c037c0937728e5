import * as pulumi from "@pulumi/pulumi";
import { withholdAnswers } from "../components/secrets/withhold.ts";

withholdAnswers();

/** Each environment loads only its own file, and so only the SDKs of its own cloud. */
const environments: Record<string, (() => Promise<Record<string, unknown>>) | undefined> = {
  dev: async () => (await import("../stacks/dev.ts")).dev(),
};

const name = new pulumi.Config().get("environment") ?? pulumi.getStack();
const environment = environments[name];
if (environment === undefined) {
  throw new pulumi.RunError(
    `there is no environment "${name}": name the stack after one of ${Object.keys(environments).join(", ")}, or set it with: pulumi config set environment dev`,
  );
}

export default await environment();
