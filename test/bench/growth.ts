#!/usr/bin/env node
/**
 * How the production stack grows: `node test/bench/growth.ts [--secrets 1000] [--services 200]`. On five nested nodes, through the real
 * engine: seconds of an update that creates, of one that changes nothing, and of each phase of a rotation; first with the stack's own
 * secrets and services, then with so many more. Half an hour, 10 GiB of memory.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensureBase } from "../../toolchain/base.ts";
import { ensureEngine, insideEngine, stopEngine } from "../../toolchain/engine.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { buildImages } from "../../toolchain/images.ts";
import { install } from "../../toolchain/install.ts";
import { reportToTerminal } from "../../toolchain/progress.ts";
import { dockerAt } from "../../components/cluster/swarm/client.ts";
import { emptyEngine } from "../e2e/engine.ts";
import { ensureNodeImage } from "../fakes/digitalocean/nodeImage.ts";

const number = (fallback: string) => ({ type: "string", default: fallback }) as const;
const { values } = parseArgs({ options: { secrets: number("1000"), services: number("200") } });

await install();
const engine = await ensureEngine({ name: "bench" });
try {
  await buildImages(engine);
  await ensureBase(engine, reportToTerminal);
  const nodeImage = await ensureNodeImage(engine);
  const env = { ...process.env, ...toolchainEnv(), DOCKER_HOST: engine.host, GOIMG_FAKE_NODE_IMAGE: nodeImage };
  const run = [process.execPath, path.join(import.meta.dirname, "growth", "run.ts"), values.secrets, values.services];
  const line: readonly string[] = [...insideEngine(engine), ...run];
  const [command = "", ...args] = line;
  const [code] = (await once(spawn(command, args, { env, stdio: "inherit" }), "exit")) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  await emptyEngine(dockerAt(engine.host));
  await stopEngine("bench");
}
