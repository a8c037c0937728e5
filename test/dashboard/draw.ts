#!/usr/bin/env node
/**
 * A picture of the dashboard: `node test/dashboard/draw.ts [--out dist/dashboard.png]`. Grafana's own components draw it (npm, Apache-2.0), in a
 * real Chromium, from what a real Prometheus scraped of the exporter. Exits 1 and names the panel when one is empty, lacks a name or
 * cuts a text off. The first run installs those components, half a gigabyte, into this folder.
 */
import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import type { Page, Route } from "playwright-core";
import { runOrFail } from "../../toolchain/process.ts";
import { reportToTerminal, step } from "../../toolchain/progress.ts";
import { inChromium } from "../e2e/chromium.ts";
import { startScraped, until, type Scraped } from "../unit/observability/scraped.ts";
import { factsAt, history } from "./story.ts";

const { values } = parseArgs({ options: { out: { type: "string", default: "dist/dashboard.png" } } });
const here = import.meta.dirname;
const modules = path.join(here, "node_modules");
/** Never asked: what the page wants of it is answered here. */
const origin = "http://dashboard.invalid";

const report = reportToTerminal;
await step(report, "installing Grafana's components", install);
await step(report, "checking the page's types", () =>
  runOrFail(path.join(here, "../../node_modules/.bin/tsc"), ["--project", path.join(here, "page")]),
);
const files = await step(report, "bundling", bundle);
await using scraped = await step(report, "a week of metrics", scrape);
const faults = await step(report, "drawing", () => draw(files, scraped));
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`${path.resolve(values.out)}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** npm ci, keyed by the lockfile, as the Makefile has it. */
async function install(): Promise<void> {
  const [lock, installed] = [path.join(here, "package-lock.json"), path.join(modules, ".goimg-lock.json")];
  if (existsSync(installed) && (await readFile(installed)).equals(await readFile(lock))) return;
  await runOrFail("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: here });
  await copyFile(lock, installed);
}

/** The page's script and styles by name. */
async function bundle(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: [path.join(here, "page/page.tsx")],
    outdir: here,
    write: false,
    bundle: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    // Of an editor that comes with the components.
    loader: { ".ttf": "empty" },
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path: file, contents }) => [path.basename(file), contents]));
}

async function scrape(): Promise<Scraped> {
  const now = new Date();
  const started = await startScraped(await history(now));
  await started.accept(JSON.stringify(factsAt(now, now)));
  const query = `${started.prometheus}/api/v1/query?query=up%20and%20on(instance)goimg_facts_timestamp_seconds>0`;
  await until(async () => (await (await fetch(query)).text()).includes('"instance"'));
  return started;
}

async function draw(files: ReadonlyMap<string, Uint8Array>, { prometheus }: Scraped): Promise<readonly string[]> {
  return inChromium({ viewport: { width: 1600, height: 900 } }, async (page) => {
    const complaints = listen(page);
    await page.route("**/*", (route) => answer(route, files, prometheus));
    await page.goto(origin);
    await page.waitForFunction("globalThis.faults !== undefined", undefined, { timeout: 60_000 }).catch(() => {
      complaints.push("the page was not drawn in a minute");
    });
    await page.screenshot({ path: values.out, fullPage: true });
    return [...complaints, ...(await page.evaluate<readonly string[]>("globalThis.faults ?? []"))];
  });
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(`the page: ${message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`the page: ${message.text()}`);
  });
  return complaints;
}

/** What a server of Grafana would answer: the page, its icons and fonts, and what Prometheus says. */
async function answer(route: Route, files: ReadonlyMap<string, Uint8Array>, prometheus: string): Promise<void> {
  const { pathname, search } = new URL(route.request().url());
  const name = path.basename(pathname);
  const [, icon] = /^\/public\/build\/img\/(icons\/.+)$/.exec(pathname) ?? [];
  const [, weight] = /^\/public\/fonts\/inter\/Inter-(Regular|Medium)\.woff2$/.exec(pathname) ?? [];
  const content = files.get(name);
  if (pathname === "/") {
    const links = '<link rel="stylesheet" href="/page.css"><script type="module" src="/page.js"></script>';
    await route.fulfill({
      contentType: "text/html; charset=utf-8",
      body: `<!doctype html><title>Secrets</title><style>body { margin: 0 }</style>${links}`,
    });
  } else if (content !== undefined) {
    const contentType = name.endsWith(".css") ? "text/css" : "text/javascript";
    await route.fulfill({ contentType, body: Buffer.from(content) });
  } else if (pathname.startsWith("/api/v1/")) {
    const told = await fetch(`${prometheus}${pathname}${search}`);
    await route.fulfill({ status: told.status, contentType: "application/json", body: await told.text() });
  } else if (icon !== undefined) {
    await route.fulfill({ path: path.join(modules, "@grafana/ui/dist/public/img", icon) });
  } else if (weight !== undefined) {
    const file = `inter-latin-${weight === "Medium" ? 500 : 400}-normal.woff2`;
    await route.fulfill({ path: path.join(modules, "@fontsource/inter/files", file) });
  } else await route.fulfill({ status: 404 });
}
