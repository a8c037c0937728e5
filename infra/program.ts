import * as pulumi from "@pulumi/pulumi";
import { dropDebugMessages } from "../components/secrets/debugMessages.ts";

dropDebugMessages();

type Environment = () => Record<string, unknown> | Promise<Record<string, unknown>>;

/** Each environment loads only its own file, and so only the SDKs of its own cloud. */
const environments: Record<string, (() => Promise<Environment>) | undefined> = {
  dev: async () => (await import("../stacks/dev.ts")).dev,
  aws: async () => (await import("../stacks/aws.ts")).aws,
  prod: async () => (await import("../stacks/prod.ts")).prod,
  app: async () => (await import("../stacks/appPlatform.ts")).appPlatform,
};

/** Loads what {@link program} will need, which has half a second of its own to do while an engine starts. */
export async function load(name: string): Promise<void> {
  await environments[name]?.();
}

/**
 * The program of a stack, whether the engine's language host runs it or the operator's command does, in its own process.
 *
 * @throws pulumi.RunError if there is no such environment, or what its own declaration is refused for
 */
export async function program(): Promise<Record<string, unknown>> {
  const name = new pulumi.Config().get("environment") ?? pulumi.getStack();
  const environment = environments[name];
  if (environment === undefined) {
    throw new pulumi.RunError(
      `there is no environment "${name}": name the stack after one of ${Object.keys(environments).join(", ")}, or set it with: pulumi config set environment dev`,
    );
  }
  return (await environment())();
}
