import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { cacheDirectory } from "../../toolchain/paths.ts";

const root = path.resolve(import.meta.dirname, "..", "..");
const pack = path.join(root, "policies");
const runner = path.join(root, "node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js");

/** Says which of the SDK's parts are really loaded once the pack serves, and ends the process. */
const spy = `
  import { createRequire } from "node:module";
  import { types } from "node:util";
  const { cache } = createRequire(${JSON.stringify(runner)});
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text) => {
    const isLoaded = (part) =>
      Object.entries(cache).some(([file, { exports }]) => file.includes("/node_modules/" + part) && !types.isProxy(exports));
    const parts = ["@grpc/grpc-js/", "pacote/", "execa/", "typescript/lib/typescript.js"].filter(isLoaded);
    write(JSON.stringify({ serves: Number(text) > 0, parts }), () => process.exit());
    return true;
  };`;

// Without it the compiler alone takes seconds to load.
const env = { ...process.env, NODE_COMPILE_CACHE: path.join(cacheDirectory(), "node") };

/** Serves the pack as a language host does, from a folder that is not the pack's. */
function serve(...flags: readonly string[]): unknown {
  const args = [...flags, "--import", `data:text/javascript,${encodeURIComponent(spy)}`, runner, "127.0.0.1:1", pack];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: tmpdir(), encoding: "utf8", env, timeout: 240_000 }));
}

function nodeArgs(): string[] {
  const text: unknown = parse(readFileSync(path.join(pack, "PulumiPolicy.yaml"), "utf8"));
  const { runtime } = text as { runtime: { options: { nodeargs: string } } };
  return runtime.options.nodeargs.split(" ").map((word) => word.replace(/^"|"$/g, ""));
}

test("the pack serves without the parts of the SDK that it does not use", { timeout: 300_000 }, () => {
  expect(serve(...nodeArgs())).toEqual({ serves: true, parts: ["@grpc/grpc-js/"] });
});

test(
  "where the language host does not heed nodeargs, it serves after the runner's own parts",
  { timeout: 300_000 },
  () => {
    expect(serve()).toEqual({ serves: true, parts: ["@grpc/grpc-js/", "typescript/lib/typescript.js"] });
  },
);
