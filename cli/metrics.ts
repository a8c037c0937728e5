import { Command } from "commander";
import { metricsText } from "../components/observability/metrics.ts";
import { OperatorError } from "./error.ts";
import { factsOf, readPolicies } from "./metrics/facts.ts";
import { pushFacts } from "./metrics/push.ts";
import { needsPlace } from "./place.ts";
import { look } from "./rotation/situation.ts";
import { openStack } from "./stack.ts";

/** `metrics`: what the exporter tells Prometheus. */
export function metricsCommand(): Command {
  return new Command("metrics")
    .description(
      "show the metrics of the stack's secrets (OpenMetrics), or hand the exporter what there is now: " +
        "rotate, revoke, rollback and retire do so by themselves",
    )
    .option("--stack <name>", "the stack", "dev")
    .option("--push", "tell the stack's exporter, and print nothing")
    .action(async ({ stack, push }: { stack: string; push?: boolean }) => {
      const context = openStack(stack);
      needsPlace("metrics", context);
      if (push === true) {
        if (!(await pushFacts(context)))
          throw new OperatorError(`${stack} has no exporter that is healthy (docker service ps)`);
        return;
      }
      const now = new Date();
      process.stdout.write(await metricsText(factsOf(stack, await look(context), now, await readPolicies(stack)), now));
    });
}
