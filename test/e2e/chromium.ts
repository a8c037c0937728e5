import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type BrowserContextOptions, type Page } from "playwright-core";
import { chromiumFlags, ensureChromium } from "../../toolchain/chromium.ts";

/** Opens a page in a real Chromium with a profile of its own, both of which end with the work. */
export async function inChromium<T>(options: BrowserContextOptions, work: (page: Page) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(path.join(tmpdir(), "goimg-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: await ensureChromium(),
    headless: true,
    args: [...chromiumFlags],
    ...options,
  });
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}
