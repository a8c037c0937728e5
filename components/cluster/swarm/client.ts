import Docker from "dockerode";

/** A client of the engine at an address as in DOCKER_HOST, such as `unix:///run/docker.sock`, `tcp://…` or `ssh://…`. */
export function dockerAt(host: string): Docker {
  if (host.startsWith("unix://")) return new Docker({ socketPath: host.slice("unix://".length) });
  const { hostname, port, protocol, username } = new URL(host);
  if (protocol === "ssh:") return new Docker({ protocol: "ssh", host: hostname, port: port || 22, username });
  return new Docker({ host: hostname, port, protocol: protocol === "https:" ? "https" : "http" });
}
