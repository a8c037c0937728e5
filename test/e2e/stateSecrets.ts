import * as z from "zod";
import type { Project } from "./project.ts";

/** A secret output of a resource, decrypted: in memory alone. */
export interface StateSecret {
  readonly urn: string;
  /** The resource's own name, such as `DB_PASSWORD-g2`. */
  readonly name: string;
  readonly output: string;
  readonly value: string;
}

const exported = z.object({
  deployment: z.object({
    // An update that was killed at its begin has none.
    resources: z
      .array(z.object({ urn: z.string(), outputs: z.record(z.string(), z.unknown()).optional() }))
      .default([]),
  }),
});
const secret = z.object({ plaintext: z.string() });

/** Secret texts of a stack's state. @param outputs names of the outputs that are looked at */
export async function stateSecrets(
  project: Pick<Project, "pulumi">,
  outputs: readonly string[],
): Promise<readonly StateSecret[]> {
  const { stdout } = await project.pulumi("stack", "export", "--show-secrets");
  return exported.parse(JSON.parse(stdout)).deployment.resources.flatMap(({ urn, outputs: all = {} }) =>
    outputs.flatMap((output) => {
      const { data } = secret.safeParse(all[output]);
      if (data === undefined) return [];
      return [{ urn, name: urn.split("::").at(-1) ?? "", output, value: JSON.parse(data.plaintext) as string }];
    }),
  );
}
