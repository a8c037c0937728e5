/**
 * Stand-ins for modules of the Pulumi SDK: each becomes the real module when something is asked of it, so that the SDK's
 * behaviour stays the same whatever a process does, and only the time of its start changes.
 */
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);
const sdk = createRequire(require.resolve("@pulumi/pulumi"));

/** Answers one member of a module, which `real` loads. */
type Member = (real: () => object, key: PropertyKey) => unknown;

/** For a module that the SDK loads by `import * as`: its members are asked for only when used. */
export function defer(name: string, member: Member = (real, key): unknown => Reflect.get(real(), key)): void {
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

/** For a module whose members the SDK takes at once: each member is a stand-in too. */
export function deferMembers(name: string): void {
  defer(name, memberOf);
}

/** Something that may be a function, a class or a namespace: whatever is done with it is done with the real one. */
function memberOf(module: () => object, key: PropertyKey): unknown {
  const real = (): object => Reflect.get(module(), key) as object;
  return new Proxy(function standIn() {}, {
    get: (_, name): unknown => Reflect.get(real(), name),
    apply: (_, self, args) => Reflect.apply(real() as () => unknown, self, args) as unknown,
    construct: (_, args) => Reflect.construct(real() as new () => object, args) as object,
  });
}

/**
 * Puts a module's exports where `require` looks first. A module that is not installed is nobody's to load, and one that is
 * loaded stays.
 */
export function put(name: string, exports: object): void {
  const file = fileOf(name);
  if (file === undefined || require.cache[file] !== undefined) return;
  require.cache[file] = Object.assign(new Module(file), { exports, loaded: true });
}

/** The exports of a module of the SDK that something has loaded, or undefined. */
export function loaded(name: string): unknown {
  const file = fileOf(name);
  return file === undefined ? undefined : require.cache[file]?.exports;
}

function fileOf(name: string): string | undefined {
  try {
    return sdk.resolve(name);
  } catch {
    return undefined;
  }
}
