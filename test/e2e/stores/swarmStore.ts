import { maxValueBytes } from "../../../components/stores/provider/kind.ts";
import { SwarmStore } from "../../../components/stores/swarm.ts";
import { dockerOrFail } from "../../../toolchain/docker.ts";
import { eventually } from "../swarm.ts";
import { keyOf, type StoreUnderTest } from "./storeUnderTest.ts";

/** Docker Swarm's secrets, read by a task that mounts what its service was granted. */
export async function swarmStore(): Promise<StoreUnderTest> {
  const host = process.env["DOCKER_HOST"] ?? "";
  const ask = (...args: readonly string[]): Promise<string> => dockerOrFail(host, args);
  const image = (
    await ask("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=goimg-secrets/redis")
  )
    .split("\n")
    .find((line) => line !== "");
  const label = `label=goimg.stack=test`;
  const named = async (): Promise<ReadonlyMap<string, string>> => {
    const ids = (await ask("secret", "ls", "--quiet", "--filter", label)).split("\n").filter((id) => id !== "");
    if (ids.length === 0) return new Map();
    const shown = await ask(
      "secret",
      "inspect",
      "--format",
      `{{index .Spec.Labels "goimg.entry"}}.{{index .Spec.Labels "goimg.generation"}} {{.Spec.Name}}`,
      ...ids,
    );
    return new Map(
      shown
        .trim()
        .split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );
  };
  return {
    kind: "swarm",
    env: { DOCKER_HOST: host },
    grants: true,
    remembersNumbers: false,
    maxBytes: maxValueBytes,
    type: "docker:index/secret:Secret",
    make: (generated) => new SwarmStore("store", generated),
    stored: async () => [...(await named()).keys()].sort(),
    async seenBy({ secrets }, wanted) {
      const names = await named();
      const granted = wanted.filter((one) => secrets.includes(one.entry) && names.has(keyOf(one)));
      const mounts = granted.map((one) => `--secret=source=${names.get(keyOf(one)) ?? ""},target=${keyOf(one)}`);
      const script = "cd /run/secrets 2>/dev/null && sha256sum -- *; echo end";
      const service = ["--detach", "--quiet", "--restart-condition=none", "--user=0", "--entrypoint=sh", ...mounts];
      const id = (await ask("service", "create", ...service, image ?? "", "-c", script)).trim();
      try {
        const log = await eventually(
          () => ask("service", "logs", "--raw", id),
          (text) => text.includes("end"),
        );
        const lines = log.split("\n").flatMap((line) => [...line.matchAll(/^([0-9a-f]{64}) {2}(\S+)$/g)]);
        return new Map(lines.map(([, hash = "", name = ""]) => [name, hash]));
      } finally {
        await ask("service", "rm", id);
      }
    },
    traces: () => ask("secret", "ls", "--format", "{{json .}}"),
    /** Swarm's names are random, so the one that the killed run made is removed: what `goimg-secrets up` does first. */
    async mend(known) {
      const all = (await ask("secret", "ls", "--format", "{{.Name}}", "--filter", label)).split("\n");
      for (const name of all) if (name !== "" && !known.includes(name)) await ask("secret", "rm", name);
    },
    close: () => Promise.resolve(),
  };
}
