import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that rotate the shared stack's secrets come last: the others look at it as it came up. */
export default class RotationsLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rotates = ({ moduleId }: TestSpecification): boolean => moduleId.includes("/test/e2e/rotation/");
    const last = sorted.filter(rotates).sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    return [...sorted.filter((file) => !rotates(file)), ...last];
  }
}
