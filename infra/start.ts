/**
 * Runs before the program (`nodeargs` in Pulumi.yaml), and leaves out what the Pulumi SDK loads at each start but uses only
 * to serialize functions into cloud callbacks, to compile TypeScript, or to send traces: half of a small update's time.
 */
import { defer, deferMembers, put } from "./standIn.ts";

for (const name of ["@npmcli/arborist", "typescript"]) defer(name);
const tracing = [
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
];
for (const name of tracing) deferMembers(name);
// It rewrites the stack of each resource by maps of compiled files: node runs ours as they are, with their own lines.
put("source-map-support/register", {});
