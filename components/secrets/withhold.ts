import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps the engine's answers out of the SDK's debug messages.
 *
 * Rule: call it before any resource is registered. Why: the SDK logs every answer of the engine ("RegisterResource RPC
 * finished: …; resp: …", runtime/resource.js) with secret outputs in the clear, and `pulumi up --debug` or `-v=1` shows
 * debug messages. Everything else of the message stays.
 */
export function withholdAnswers(log: { debug: typeof pulumi.log.debug } = pulumi.log): void {
  const { debug } = log;
  log.debug = (message, ...rest) => debug(withheld(message), ...rest);
}

/** A debug message without the answer that it quotes. */
export function withheld(message: string): string {
  return message.replace(/(\bresp:|, obj=|, props=|primitive=).*$/s, "$1 [REDACTED]");
}
