import * as pulumi from "@pulumi/pulumi";

/**
 * Drops the Pulumi SDK's debug messages.
 *
 * Rule: call it before any resource is registered. Why: the SDK logs every answer of the engine ("RegisterResource RPC
 * finished: …; resp: …", runtime/resource.js) with secret outputs in the clear, and `pulumi up --debug` or `-v=1` shows
 * debug messages. It sends them to the engine whether anybody asked for them or not: some four a resource.
 */
export function dropDebugMessages(log: { debug: typeof pulumi.log.debug } = pulumi.log): void {
  log.debug = () => Promise.resolve();
}
