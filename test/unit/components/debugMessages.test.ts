/** Debug messages of the Pulumi SDK, which quote what the engine answered, are not sent. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { dropDebugMessages } from "../../../components/secrets/debugMessages.ts";

it("drops what the SDK logs, through the object that the SDK itself logs with", async () => {
  const sent: string[] = [];
  const log = {
    debug: (message: string) => {
      sent.push(message);
      return Promise.resolve();
    },
  };
  dropDebugMessages(log);
  await log.debug("RegisterResource RPC finished: x; resp: a value");
  expect(sent).toEqual([]);
});

it("is needed, and reaches what it has to: the SDK quotes answers, through its module's own exports", () => {
  const require = createRequire(import.meta.url);
  const file = require.resolve("@pulumi/pulumi/runtime/resource.js");
  expect(readFileSync(file, "utf8")).toMatch(
    /log\.debug\(`RegisterResource RPC finished: .*resp: \$\{innerResponse\}`/,
  );
  expect(require("@pulumi/pulumi/log/index.js")).toBe(pulumi.log);
});
