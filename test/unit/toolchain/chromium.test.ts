import { afterEach, expect, it, vi } from "vitest";
import { ensureChromium } from "../../../toolchain/chromium.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("where Chromium is missing and can't be installed, one error says what to install", async () => {
  vi.stubEnv("PATH", "/nowhere");
  await expect(ensureChromium(() => undefined)).rejects.toThrow(
    "the tests of the report page need Chromium: install chromium and fonts-liberation (apt-get install chromium fonts-liberation)",
  );
});
