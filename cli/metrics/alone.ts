import { withAuditLock } from "../audit.ts";
import type { StackContext } from "../stack.ts";
import { tellExporter } from "./push.ts";

/** Runs a change of a stack's secrets, alone on that stack; the exporter is told how it ended, well or not. */
export async function alone<T>(
  context: StackContext,
  work: () => Promise<T>,
  report: (line: string) => void,
): Promise<T> {
  const told = async (): Promise<T> => {
    try {
      return await work();
    } finally {
      await tellExporter(context, report);
    }
  };
  return withAuditLock(context.auditFile, told, report);
}
