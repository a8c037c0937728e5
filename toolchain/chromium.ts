import { OperatorError } from "../cli/error.ts";
import { findCommand, isRoot, runAsRoot } from "./process.ts";
import { reportToTerminal, step, type Report } from "./progress.ts";

/** Debian's browser, with a font: it recommends one, and without any a page has no text. */
const packages = ["chromium", "fonts-liberation"] as const;

/** What starts it without a display, and keeps it from calling anyone. */
export const chromiumFlags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * The path of a Chromium that tests may start; installs Debian's where there is none.
 *
 * @throws OperatorError that says what to install, where that can't be done
 */
export async function ensureChromium(report: Report = reportToTerminal): Promise<string> {
  const found = await findCommand("chromium");
  if (found !== undefined) return found;
  const how = `the tests of the report page need Chromium: install ${packages.join(" and ")} (apt-get install ${packages.join(" ")})`;
  const mayInstall = isRoot() || (await findCommand("sudo")) !== undefined;
  if (!mayInstall || (await findCommand("apt-get")) === undefined) throw new OperatorError(how);
  try {
    await step(report, `installing Debian's ${packages.join(", ")}`, async () => {
      await runAsRoot("apt-get", ["update", "-qq"]);
      const flags = ["install", "-qq", "-y", "--no-install-recommends"];
      await runAsRoot("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", ...flags, ...packages]);
    });
  } catch {
    throw new OperatorError(how);
  }
  const installed = await findCommand("chromium");
  if (installed === undefined) throw new OperatorError(how);
  return installed;
}
