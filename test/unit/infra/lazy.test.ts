import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "..", "..", "..");

/** An engine that makes whatever it is asked for: a line of a script. */
const mocks =
  "const mocks = { newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: ({ inputs }) => inputs };";

/** Packages of node_modules that a process has loaded files of, after it ran a stack's program without an engine. */
function loadedBy(environment: string, config: object): readonly string[] {
  const script = `
    import { createRequire, registerHooks } from "node:module";
    const seen = new Set();
    registerHooks({ load(url, context, next) { seen.add(url); return next(url, context); } });
    const require = createRequire(${JSON.stringify(path.join(root, "infra", "index.ts"))});
    const pulumi = require("@pulumi/pulumi");
    ${mocks}
    await pulumi.runtime.setMocks(mocks, "goimg-secrets", ${JSON.stringify(environment)}, true);
    pulumi.runtime.setAllConfig(${JSON.stringify(config)});
    const { program } = await import(${JSON.stringify(path.join(root, "infra", "program.ts"))});
    await program();
    await pulumi.runtime.disconnect();
    const files = [...seen, ...Object.keys(require.cache)].join("\\n");
    const names = ["@pulumi/docker", "@pulumi/digitalocean", "ssh2"];
    console.log(JSON.stringify(names.filter((name) => files.includes("/node_modules/" + name + "/"))));`;
  return lastLineOf(script) as readonly string[];
}

/** The JSON that a script prints last, in a process of its own. */
function lastLineOf(script: string): unknown {
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    encoding: "utf8",
  });
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

describe("infra/program.ts", { timeout: 180_000 }, () => {
  it("loads no cloud's SDK for a stack that is not there", () => {
    expect(loadedBy("dev", {})).toEqual(["@pulumi/docker"]);
  });

  it("loads it for the stack that is", () => {
    const cluster = {
      region: "fra1",
      domain: "images.example.com",
      sshFrom: ["203.0.113.7/32"],
      bucket: "objects",
      backupBucket: "backups",
      alertEmails: ["operations@example.com"],
    };
    const config = { "goimg-secrets:cluster": JSON.stringify(cluster), "goimg-secrets:machinesOnly": "true" };
    const loaded = loadedBy("prod", config);
    expect(loaded).toEqual(expect.arrayContaining(["@pulumi/docker", "@pulumi/digitalocean"]));
  });

  it("takes the config of the project that it is run for, when it was loaded before that was known", () => {
    const script = `
      const { load, program } = await import(${JSON.stringify(path.join(root, "infra", "program.ts"))});
      await load("dev");
      const { createRequire } = await import("node:module");
      const pulumi = createRequire(${JSON.stringify(path.join(root, "infra", "index.ts"))})("@pulumi/pulumi");
      ${mocks}
      await pulumi.runtime.setMocks(mocks, "goimg-secrets", "dev", true);
      const generations = JSON.stringify({ DB_PASSWORD: { live: [3], active: 3 } });
      pulumi.runtime.setAllConfig({ "goimg-secrets:generations": generations });
      const { secrets } = await program();
      await pulumi.runtime.disconnect();
      console.log(JSON.stringify(secrets.DB_PASSWORD));`;
    expect(lastLineOf(script)).toEqual({ live: [3], active: 3 });
  });
});
