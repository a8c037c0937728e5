import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const start = path.join(root, "infra", "start.ts");

/** Runs a script in a process of its own, as the language host does, and answers what it printed. */
function node(script: string, ...flags: readonly string[]): unknown {
  const file = `data:text/javascript,${encodeURIComponent(script)}`;
  const output = execFileSync(
    process.execPath,
    [...flags, "--input-type=module", "--eval", `await import("${file}")`],
    {
      cwd: root,
      encoding: "utf8",
      // Values travel between processes of this test alone.
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
    },
  );
  return JSON.parse(output);
}

const prelude = `
  import { createRequire } from "node:module";
  const require = createRequire(${JSON.stringify(path.join(root, "infra", "index.ts"))});
  require("@pulumi/pulumi/cmd/run/tracing");
  const pulumi = require("@pulumi/pulumi");
  const sdk = createRequire(require.resolve("@pulumi/pulumi"));
  const files = (name) => Object.keys(require.cache).filter((file) => file.includes("/node_modules/" + name + "/"));
`;

describe("infra/start.ts", { timeout: 180_000 }, () => {
  it("keeps the SDK from loading what a program does not use", () => {
    const script = `${prelude}
      console.log(JSON.stringify(["@npmcli/metavuln-calculator", "pacote", "semver"].map((name) => files(name).length > 0)));`;
    expect(node(script)).toEqual([true, true, true]);
    expect(node(script, "--import", start)).toEqual([false, false, true]);
  });

  it("gives the real modules to who uses them", () => {
    const script = `${prelude}
      const { Arborist } = sdk("@npmcli/arborist");
      const { BasicTracerProvider, SimpleSpanProcessor } = sdk("@opentelemetry/sdk-trace-base");
      const captured = { answer: 41 };
      const { text } = await pulumi.runtime.serializeFunction(() => captured.answer + 1);
      console.log(JSON.stringify({
        tree: new Arborist({ path: "." }).constructor.name,
        version: sdk("typescript").version,
        keys: Object.keys(sdk("typescript")).length > 100,
        provider: typeof new BasicTracerProvider().getTracer,
        processor: typeof new SimpleSpanProcessor({ export() {}, shutdown() {} }).onEnd,
        text,
      }));`;
    const plain = node(script);
    expect(node(script, "--import", start)).toEqual(plain);
    expect(plain).toMatchObject({ tree: "Arborist", keys: true, provider: "function" });
  });
});
