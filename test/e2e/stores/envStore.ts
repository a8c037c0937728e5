import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { EnvStore } from "../../../components/stores/env.ts";
import { parseEnvFile } from "../../../runtime/envFile.ts";
import { createProvider } from "../../../runtime/provider.ts";
import { maxValueBytes } from "../../../components/stores/provider/kind.ts";
import { keyOf, type StoreUnderTest } from "./storeUnderTest.ts";

/** The development store, in a folder that is thrown away. */
export async function envStore(): Promise<StoreUnderTest> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-env-store-"));
  const file = path.join(directory, "below", "test.env");
  return {
    kind: "env",
    env: {},
    grants: false,
    remembersNumbers: false,
    maxBytes: maxValueBytes,
    type: "goimg-stores:env:Entry",
    make: (generated, _consumers, production) => new EnvStore("store", generated, { file, production }),
    async stored() {
      const text = await readFile(file, "utf8").catch(() => "");
      return [...parseEnvFile(text).keys()].map((name) => name.replace("__", ".")).sort();
    },
    async seenBy(_consumer, wanted) {
      const provider = createProvider("env", { directory: "/", env: { SECRETS_ENV_FILE: file } });
      const found = new Map<string, string>();
      for (const one of wanted) {
        const value = await provider.read(one.entry, one).catch(() => undefined);
        if (value !== undefined) found.set(keyOf(one), createHash("sha256").update(value).digest("hex"));
      }
      return found;
    },
    traces: () => Promise.resolve(file),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
