/**
 * Runs before the program (`nodeargs` in Pulumi.yaml), and leaves out what the Pulumi SDK loads at each start but uses only
 * to serialize functions into cloud callbacks, to compile TypeScript, or to send traces: half of a small update's time.
 *
 * Rule: each of these modules is a stand-in that becomes the real one when something is asked of it. Why: the SDK's
 * behaviour stays the same whatever a program does, and only the time of its start changes.
 */
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);
const sdk = createRequire(require.resolve("@pulumi/pulumi"));

/** Loaded by the SDK for `import * as`: asked for their members only when used. */
const deferred = ["@npmcli/arborist", "typescript"];
/** Loaded by the SDK for names that it takes at once: each name is a stand-in too. */
const deferredByName = [
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
];

for (const name of deferred) defer(name, (module, key): unknown => Reflect.get(module(), key));
for (const name of deferredByName) defer(name, nameOf);
// It rewrites the stack of each resource by maps of compiled files: node runs ours as they are, with their own lines.
put("source-map-support/register", {});

function defer(name: string, member: (module: () => object, key: PropertyKey) => unknown): void {
  let real: object | undefined;
  const module = (): object => {
    if (real === undefined) {
      Reflect.deleteProperty(require.cache, sdk.resolve(name));
      real = sdk(name) as object;
    }
    return real;
  };
  put(
    name,
    new Proxy(
      {},
      {
        // The compiler's helper for `import * as` copies all members of a module without this mark.
        get: (_, key) => (key === "__esModule" ? true : member(module, key)),
        has: (_, key) => key in module(),
        ownKeys: () => Reflect.ownKeys(module()),
        getOwnPropertyDescriptor: (_, key) => ({
          ...Reflect.getOwnPropertyDescriptor(module(), key),
          configurable: true,
        }),
      },
    ),
  );
}

/** Something that may be a function, a class or a namespace: whatever is done with it is done with the real one. */
function nameOf(module: () => object, key: PropertyKey): unknown {
  const real = (): object => Reflect.get(module(), key) as object;
  return new Proxy(function standIn() {}, {
    get: (_, name): unknown => Reflect.get(real(), name),
    apply: (_, self, args) => Reflect.apply(real() as () => unknown, self, args) as unknown,
    construct: (_, args) => Reflect.construct(real() as new () => object, args) as object,
  });
}

/** Puts a module's exports where `require` looks first. A module that is not installed is nobody's to load. */
function put(name: string, exports: object): void {
  let file: string;
  try {
    file = sdk.resolve(name);
  } catch {
    return;
  }
  require.cache[file] = Object.assign(new Module(file), { exports, loaded: true });
}
