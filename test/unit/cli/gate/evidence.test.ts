/** Evidence: its hashes are those of its content, its pages say what was seen, and a change of it is found. */
import { describe, expect, it } from "vitest";
import { isIntact, reportOf, toMarkdown, type GateReport } from "../../../../cli/gate/evidence.ts";
import { checkControls } from "../../../../cli/gate/run.ts";
import { compliant, factsFrom } from "./compliant.ts";

const place = { stack: "dev", at: "2026-11-25T00:00:00.000Z", seconds: 3, commit: "0123" };
const made = async (values = compliant): Promise<GateReport> => reportOf(await checkControls(factsFrom(values)), place);

describe("evidence", () => {
  it("holds for each control what was looked at, how, when, with what result, under a hash", async () => {
    const report = await made();
    expect(report.verdict).toBe("pass");
    expect(report.controls).toHaveLength(17);
    for (const control of report.controls) {
      expect(control.how.length).toBeGreaterThan(20);
      expect(control.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(control.looked).toBeGreaterThan(0);
      expect(Object.keys(control.seen).length).toBeGreaterThan(0);
      expect(control.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(isIntact(JSON.parse(JSON.stringify(report)) as GateReport)).toBe(true);
  });

  it("is not intact once anything in it was changed", async () => {
    const report = await made({ ...compliant, repeated: ["A and B"] });
    expect(report.verdict).toBe("fail");
    expect(isIntact(report)).toBe(true);
    expect(isIntact({ ...report, verdict: "pass" })).toBe(false);
    expect(isIntact({ ...report, at: "2026-11-26T00:00:00.000Z" })).toBe(false);
    const [first, ...others] = report.controls;
    if (first === undefined) throw new Error("there is no control");
    expect(isIntact({ ...report, controls: [{ ...first, looked: first.looked + 1 }, ...others] })).toBe(false);
    expect(isIntact({ ...report, controls: others })).toBe(false);
  });

  it("is no pass without a control", () => {
    expect(reportOf([], place).verdict).toBe("fail");
  });

  it("as Markdown has every control with its verdict, its problems and its hash", async () => {
    const report = await made({ ...compliant, repeated: ["A | B"] });
    const page = toMarkdown(report);
    for (const { title, sha256 } of report.controls) {
      expect(page).toContain(`### ${title}`);
      expect(page).toContain(sha256);
    }
    expect(page).toContain("**fail**");
    expect(page).toContain("A \\| B have the same value");
    expect(page).toContain(report.sha256);
  });
});
