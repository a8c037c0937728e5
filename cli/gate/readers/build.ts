/** What is refused before anything is made: the policy pack's verdict, and a malformed value's. */
import path from "node:path";
import { checkStack, previewWith } from "../../../policies/check/preview.ts";
import { rules } from "../../../policies/rules.ts";
import { projectRoot } from "../../../toolchain/paths.ts";
import { readDeclared } from "../../rotation/declared.ts";
import type { StackContext } from "../../stack.ts";
import { NotReadable } from "../control.ts";
import type { FactValues } from "../facts.ts";

/** A third party's secret, and a value that no third party issues. */
const malformed = { entry: "SMTP_PASSWORD", value: "short" } as const;

/** Previews the stack twice, from nothing, apart from its state: as it is, with the pack; and with a malformed value. */
export async function readBuild({ stack, cwd, env, configFile }: StackContext): Promise<FactValues["build"]> {
  const options = { root: cwd, pack: path.join(projectRoot, "policies"), env: { ...process.env, ...env } };
  const report = await checkStack(stack, options);
  const { entry, value } = malformed;
  const generation = (await readDeclared(configFile))[entry].active;
  const refused = await previewWith(stack, { [`goimg-secrets:external.${entry}["${generation}"]`]: value }, options);
  if (report.failure !== undefined && report.resources === 0 && refused.exitCode === 0) {
    throw new NotReadable(`the stack can't be previewed: ${report.failure}`);
  }
  return {
    policies: rules().map(({ name }) => name),
    resources: report.resources,
    violations: report.violations.map(({ policy, rule, level, message }) => ({ policy, rule, level, message })),
    failure: report.failure,
    malformed: { entry, refused: refused.exitCode !== 0 && `${refused.stdout}${refused.stderr}`.includes(entry) },
  };
}
