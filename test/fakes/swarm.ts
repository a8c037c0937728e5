import { fakeServer, type FakeServer } from "./http.ts";

/** One generation of one entry, as the fake keeps it. */
export interface FakeSecret {
  readonly entry: string;
  readonly generation: number;
  readonly createdAt: Date;
}

/** A Swarm manager's API as far as a stack is looked at where nothing runs: secrets, and no service. `DOCKER_HOST` is its address. */
export async function fakeSwarm(
  stack: string,
  secrets: readonly FakeSecret[],
): Promise<FakeServer & { readonly host: string }> {
  const server = await fakeServer(({ path }) => {
    const [, collection] = /^\/(\w+)/.exec(path) ?? [];
    if (collection === "services" || collection === "tasks") return { status: 200, body: "[]" };
    if (collection !== "secrets") return { status: 404, body: JSON.stringify({ message: "page not found" }) };
    const body = secrets.map(({ entry, generation, createdAt }) => ({
      ID: `${entry}-${generation}`,
      CreatedAt: createdAt.toISOString(),
      Spec: { Labels: { "goimg.stack": stack, "goimg.entry": entry, "goimg.generation": String(generation) } },
    }));
    return { status: 200, body: JSON.stringify(body) };
  });
  return { ...server, host: server.url.replace("http:", "tcp:") };
}
