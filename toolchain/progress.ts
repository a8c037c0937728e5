/** Where progress goes: a line at a time. Standard error by default, so that output stays a command's answer. */
export type Report = (line: string) => void;

/** Writes to standard error. */
export const reportToTerminal: Report = (line) => {
  process.stderr.write(`${line}\n`);
};

/** How long something took, as in `1m44s` or `0.4s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)}s`;
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/** How often a step that runs says so: CI systems stop a job that is silent for long. */
const heartbeat = 30_000;

/** Reports the start of a step, its life every half minute, and its end with the time that it took. */
export async function step<T>(report: Report, title: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const elapsed = (): string => duration(performance.now() - started);
  report(`${title} …`);
  const timer = setInterval(() => {
    report(`${title} … ${elapsed()}`);
  }, heartbeat);
  try {
    const result = await work();
    report(`${title}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
