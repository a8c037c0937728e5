/**
 * Switches V8's debugger off, which the SDK's runner has switched on to serialize functions. A pack serializes none, and
 * the debugger doubles the time that loading code takes.
 */
interface Hooks {
  readonly getSessionAsync?: () => Promise<{ readonly post: (method: string) => void }>;
}

// The SDK's own module, whose declarations are internal: without it the pack only loads more slowly.
const { default: hooks } = (await import("@pulumi/pulumi/runtime/closure/v8Hooks.js")) as unknown as {
  readonly default: Hooks;
};
const session = await hooks.getSessionAsync?.();
session?.post("Debugger.disable");
