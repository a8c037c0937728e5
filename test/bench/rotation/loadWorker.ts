/**
 * The load, in a thread of its own: an update's program must not delay the requests that measure it. Takes a rate, and says when
 * the load has begun; then takes 0, stops, and answers the samples.
 */
import { parentPort, workerData } from "node:worker_threads";
import * as z from "zod";
import { Load } from "./load.ts";

const url = z.string().parse(workerData);
let load: Load | undefined;

parentPort?.on("message", (message) => {
  void turn(z.number().nonnegative().parse(message));
});

async function turn(rate: number): Promise<void> {
  if (rate > 0) {
    load = new Load(url, rate);
    await load.start();
    parentPort?.postMessage("begun");
    return;
  }
  await load?.stop();
  parentPort?.postMessage(load?.samples ?? []);
}
