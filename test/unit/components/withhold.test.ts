/** Debug messages of the Pulumi SDK never show what the engine answered. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { withheld, withholdAnswers } from "../../../components/secrets/withhold.ts";

const sentinel = "Zq8vT2mN5xR7wK4pL9dB3hJ6";

describe("a debug message", () => {
  it.each([
    `RegisterResource RPC finished: resource:X[random:index/randomPassword:RandomPassword]; err: null, resp: urn:x,${sentinel}`,
    `RegisterResource RPC finished: resource:K; err: null, resp: -----BEGIN\n${sentinel}\n-----END`,
    `Invoke RPC prepared: tok=x, obj={"password":"${sentinel}"}`,
    `Invoking function: tok=x asynchronously, props={"password":"${sentinel}"}`,
    `Serialize property [x]: primitive=${sentinel}`,
  ])("loses the answer or value that it quotes: %s", (message) => {
    const shown = withheld(message);
    expect(shown).not.toContain(sentinel);
    expect(shown).toContain("[REDACTED]");
    expect(message.startsWith(shown.slice(0, shown.indexOf(" [REDACTED]")))).toBe(true);
  });

  it("without one stays as it is", () => {
    expect(withheld("Registering resource: t=x, name=y")).toBe("Registering resource: t=x, name=y");
  });

  it("is withheld where the SDK logs", async () => {
    const seen: string[] = [];
    const log = {
      debug: (message: string) => {
        seen.push(message);
        return Promise.resolve();
      },
    };
    withholdAnswers(log);
    await log.debug(`RPC finished; resp: ${sentinel}`);
    expect(seen).toEqual(["RPC finished; resp: [REDACTED]"]);
  });

  it("has the shapes that the installed SDK writes", () => {
    const require = createRequire(import.meta.url);
    const folder = require.resolve("@pulumi/pulumi/runtime/resource.js").replace(/resource\.js$/, "");
    const source = ["resource.js", "invoke.js", "rpc.js"].map((name) => readFileSync(folder + name, "utf8")).join("\n");
    const quoting = [...source.matchAll(/log\.debug\(`[^`]*\$\{(?:innerResponse|prop)\}[^`]*`/g)].map(([text]) => text);
    expect(quoting.length).toBeGreaterThan(5);
    for (const text of quoting.filter((shape) => !shape.includes("function=")))
      expect(withheld(text)).toContain("[REDACTED]");
  });
});
