import path from "node:path";
import { unpacked } from "./debianPackages.ts";
import { findCommand } from "./process.ts";

/** Where the two programs are. */
export interface Prometheus {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Prometheus and its tool, for tests: this machine's, else Debian's.
 *
 * @throws OperatorError where there are neither
 */
export async function prometheusTools(): Promise<Prometheus> {
  const [prometheus, promtool] = await Promise.all([findCommand("prometheus"), findCommand("promtool")]);
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const directory = await unpacked("prometheus", ["prometheus"], "install Prometheus 2.42 or newer");
  return { prometheus: path.join(directory, "usr/bin/prometheus"), promtool: path.join(directory, "usr/bin/promtool") };
}
