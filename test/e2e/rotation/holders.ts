import { readFileSync } from "node:fs";
import path from "node:path";
import type Docker from "dockerode";
import { runOrFail } from "../../../toolchain/process.ts";
import type { Project } from "../project.ts";
import { stateSecrets } from "../stateSecrets.ts";
import { containersOf, services, type Container } from "../swarm.ts";
import type { Answer, Question } from "./answer.ts";

/** A stack on its Swarm. */
export interface Place {
  readonly docker: Docker;
  readonly stack: string;
}

/** Running containers of a service of the stack. */
export async function containers(project: Place, name: string): Promise<readonly Container[]> {
  const service = (await services(project.docker, project.stack)).get(name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return containersOf(project.docker, service);
}

/** What a running container finds under `/run/secrets/NAME`; undefined when there is no such file. */
export function mounted({ State }: Container, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${State.Pid}/root/run/secrets/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

/** The values of one file in every container of a service. */
export async function valuesIn(
  project: Place,
  service: string,
  name: string,
): Promise<readonly (string | undefined)[]> {
  return (await containers(project, service)).map((container) => mounted(container, name));
}

/** The one value that every container of a service holds. @throws when they differ, or hold none */
export async function valueIn(project: Place, service: string, name: string): Promise<string> {
  const values = await valuesIn(project, service, name);
  const [first] = values;
  if (first === undefined || values.some((value) => value !== first))
    throw new Error(`${service} does not agree on ${name}`);
  return first;
}

/** The value of a generated password, by the name of its resource, such as `DB_PASSWORD-g2`. @throws when there is none */
export async function valueInState(project: Pick<Project, "pulumi">, name: string): Promise<string> {
  const made = (await stateSecrets(project, ["result"])).find(({ urn }) => urn.endsWith(`:RandomPassword::${name}`));
  if (made === undefined) throw new Error(`the state has no ${name}`);
  return made.value;
}

/** Where a server is, by the network of the stack that its clients reach it on. */
export const places = { postgres: "database", redis: "cache", s3: "storage", grafana: "monitoring" } as const;

/** What is tried, without the server's address. */
export type Attempt = Question extends infer Q ? (Q extends Question ? Omit<Q, "host"> : never) : never;

/**
 * Tries a credential on every task of the real server, as a process in the network of that very task: no other place can
 * reach it.
 */
export async function attempts(project: Place, attempt: Attempt): Promise<readonly Answer[]> {
  const network = `goimg-${project.stack}-${places[attempt.kind]}`;
  const servers = await containers(project, attempt.kind);
  return Promise.all(
    servers.map(async ({ Id, State }) => {
      const { NetworkSettings } = await project.docker.getContainer(Id).inspect();
      const host = NetworkSettings.Networks[network]?.IPAddress ?? "";
      const script = path.join(import.meta.dirname, "attempt.ts");
      const args = [`--net=/proc/${State.Pid}/ns/net`, process.execPath, script];
      return JSON.parse(await runOrFail("nsenter", args, { input: JSON.stringify({ ...attempt, host }) })) as Answer;
    }),
  );
}

/** As {@link attempts}: whether every task accepts, or what they answered. */
export async function accepted(project: Place, attempt: Attempt): Promise<boolean | string> {
  const answers = await attempts(project, attempt);
  if (answers.length === 0) return "no server";
  return answers.every(({ accepted: yes }) => yes) || answers.map(({ code = "accepted" }) => code).join();
}
