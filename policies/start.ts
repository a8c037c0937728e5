/**
 * Leaves out what the Pulumi SDK loads for a policy pack but this one does not use: the TypeScript compiler, V8's debugger,
 * the automation API, the package tree. That is most of the time that a pack's start takes.
 *
 * It runs before the SDK where the language host heeds `nodeargs` in PulumiPolicy.yaml, and otherwise as the first part of
 * the pack, when the SDK's runner has loaded the first two of these.
 */
import { createRequire } from "node:module";
import { defer, loaded, put } from "../infra/standIn.ts";

interface Hooks {
  readonly getSessionAsync?: () => Promise<{ readonly post: (method: string) => void }>;
}

const require = createRequire(import.meta.url);
const hooks = "@pulumi/pulumi/runtime/closure/v8Hooks";

// The debugger serves to serialize functions, of which a pack has none; it doubles the time that loading code takes.
const session = await (loaded(hooks) as Hooks | undefined)?.getSessionAsync?.();
session?.post("Debugger.disable");
defer(hooks, (real, key) => (key === "isInitializedAsync" ? () => Promise.resolve() : Reflect.get(real(), key)));

// The runner asks the compiler for its version, and registers it for `.ts`; node strips the pack's types itself.
defer("typescript", (real, key) => (key === "version" ? compilerVersion() : Reflect.get(real(), key)));
for (const name of ["ts-node", "@pulumi/pulumi/vendor/ts-node@7.0.1"]) put(name, { register: () => undefined });

for (const name of ["@npmcli/arborist", "@pulumi/pulumi/automation"]) defer(name);
put("source-map-support/register", {});

function compilerVersion(): unknown {
  return (require("typescript/package.json") as { readonly version?: unknown }).version;
}
