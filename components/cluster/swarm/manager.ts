import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";

/**
 * A client of the Swarm's manager, at the address that the docker provider uses; undefined in a preview, which must work
 * without an engine. Its library is loaded here, so that a preview does not pay for it.
 */
export async function swarmManager(): Promise<Docker | undefined> {
  if (pulumi.runtime.isDryRun()) return undefined;
  const { dockerAt } = await import("./client.ts");
  const host = new pulumi.Config("docker").get("host") ?? process.env["DOCKER_HOST"];
  return dockerAt(host ?? "unix:///var/run/docker.sock");
}
