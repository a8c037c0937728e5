/** The load, in a thread of its own: an update's program must not delay the requests that measure it. */
import { parentPort, workerData } from "node:worker_threads";
import * as z from "zod";
import { Load } from "./load.ts";

const { url, rate } = z.object({ url: z.string(), rate: z.number() }).parse(workerData);
const load = new Load(url, rate);
await load.start();
parentPort?.postMessage("started");
parentPort?.once("message", () => {
  void load.stop().then(() => {
    parentPort?.postMessage(load.samples);
    parentPort?.close();
  });
});
