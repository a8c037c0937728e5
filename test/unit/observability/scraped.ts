/** The exporter as the process that the stack runs, and a real Prometheus that scrapes it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run, runOrFail, type RunResult } from "../../../toolchain/process.ts";
import { prometheusTools } from "../../../toolchain/prometheus.ts";
import { freePort } from "../../e2e/project.ts";

/** The two, as long as they run. */
export interface Scraped extends AsyncDisposable {
  /** Where the exporter keeps what it was told. */
  readonly directory: string;
  /** Addresses. */
  readonly exporter: string;
  readonly prometheus: string;
  /** Hands facts in, as the operator's command does. */
  accept(input: string): Promise<RunResult>;
}

/** Labels that Prometheus gives to all that it scrapes. */
export const scrapeLabels = { job: "goimg-secrets", instance: "metrics:9464" } as const;

const exporterArgs = [path.resolve(import.meta.dirname, "../../../images/app/src/metrics.ts")];

/**
 * Starts both, in a directory of their own.
 *
 * @param history what Prometheus knows from before, in OpenMetrics text with times
 */
export async function startScraped(history?: string): Promise<Scraped> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-exporter-"));
  const data = path.join(directory, "data");
  const [port, serverPort] = [await freePort(), await freePort()];
  const exporter = `http://127.0.0.1:${port}`;
  const env = { ...process.env, METRICS_DIRECTORY: directory, PORT: String(port) };
  const { job, instance } = scrapeLabels;
  const config = {
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: job, static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { instance } }] }],
  };
  await writeFile(path.join(directory, "prometheus.json"), JSON.stringify(config));
  const { prometheus, promtool } = await prometheusTools();
  if (history !== undefined) {
    const file = path.join(directory, "history.txt");
    await writeFile(file, history);
    await runOrFail(promtool, ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=336h", file, data]);
  }
  const flags = [
    `--config.file=${directory}/prometheus.json`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${serverPort}`,
  ];
  const children: readonly ChildProcess[] = [
    spawn(process.execPath, exporterArgs, { env, stdio: "ignore" }),
    spawn(prometheus, flags, { stdio: "ignore" }),
  ];
  await until(async () => (await fetch(`${exporter}/healthz`)).ok);
  return {
    ...{ directory, exporter, prometheus: `http://127.0.0.1:${serverPort}` },
    accept: (input) => run(process.execPath, [...exporterArgs, "accept"], { env, input }),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          const ended = once(child, "close");
          child.kill("SIGTERM");
          await ended;
        }),
      );
      await rm(directory, { recursive: true });
    },
  };
}

/** Asks until it is so. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await ask().catch(() => false))) {
    if (Date.now() > deadline) throw new Error("it did not come to be in 30 s");
    await sleep(100);
  }
}
