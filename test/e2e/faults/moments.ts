import type { ServiceName } from "../../../components/catalog/types.ts";
import type { Project } from "../project.ts";
import type { Running } from "../rotation/command.ts";
import { partsOf } from "./processes.ts";

/** When a fault comes: as the engine starts, as the first entry is stored, or as a new task of a service starts. */
export type Moment = "begin" | "stored" | ServiceName;

/** How often processes are looked at, in milliseconds. */
const lookEvery = 20;

/**
 * Resolves when the moment has come; false when the command ended before it did. Only tasks that start after the call count.
 */
export async function reached(moment: Moment, project: Project, running: Running): Promise<boolean> {
  const over = running.ended.then(() => false);
  switch (moment) {
    case "begin":
      return Promise.race([over, engineStarts(running)]);
    case "stored":
      return Promise.race([over, running.said(/ create\S* Secret /).then((line) => line !== undefined)]);
    default:
      return Promise.race([over, taskStarts(project, moment, over)]);
  }
}

function engineStarts({ child, ended }: Running): Promise<boolean> {
  return new Promise((done) => {
    const timer = setInterval(() => {
      if (child.pid !== undefined && partsOf(child.pid, "engine").length > 0) finish(true);
    }, lookEvery);
    const finish = (came: boolean): void => {
      clearInterval(timer);
      done(came);
    };
    void ended.then(() => {
      finish(false);
    });
  });
}

async function taskStarts(project: Project, service: ServiceName, over: Promise<boolean>): Promise<boolean> {
  const filters = {
    type: ["container" as const],
    event: ["start"],
    label: [`com.docker.swarm.service.name=goimg-${project.stack}-${service}`],
  };
  const stream = (await project.docker.getEvents({ filters })) as unknown as NodeJS.ReadableStream & {
    destroy(): void;
  };
  const came = new Promise<boolean>((done) => {
    stream.once("data", () => {
      done(true);
    });
    stream.once("error", () => {
      done(false);
    });
  });
  const result = await Promise.race([came, over]);
  stream.destroy();
  return result;
}
