/** The page as text: nothing that is put into it is markup, it loads nothing, and its policy allows nothing else. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spansOf } from "../../../../cli/report/data.ts";
import { escape, markup } from "../../../../cli/report/html.ts";
import { page } from "../../../../cli/report/page.ts";
import { dataWith, hostile } from "./data.ts";

describe("the page", () => {
  it("has no markup but its own, whatever is in the data", async () => {
    const tags = (text: string): readonly string[] => [...text.matchAll(/<[a-z!/][^\s>]*/g)].map(([tag]) => tag);
    const [plain, attacked] = [page(await dataWith("plain")), page(await dataWith(hostile))];
    expect(tags(attacked)).toEqual(tags(plain));
    expect(attacked).not.toContain("<script");
    expect(attacked).toContain("&lt;script&gt;");
  });

  it("names no address, and its policy allows its own style alone", async () => {
    const text = page(await dataWith("plain"));
    expect(text).not.toMatch(
      /https?:|\/\/[a-z]|url\(|@import|<(?:script|link|img|iframe|object|form)|\son\w+=|\sstyle=/i,
    );
    const [, style = ""] = /<style>([^]*)<\/style>/.exec(text) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(text).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; base-uri`);
  });

  it("is small", async () => {
    expect(page(await dataWith("plain")).length).toBeLessThan(60_000);
  });
});

it("escaped text is the text that a browser shows, and never ends an attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = escape(text);
      expect(escaped).not.toMatch(/[<>"']/);
      const back = escaped.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => {
        return { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" }[name] ?? "";
      });
      expect(back).toBe(text);
    }),
  );
  expect(markup`<b>${["<", markup`<i>${"&"}</i>`, undefined, 2]}</b>`.text).toBe("<b>&lt;<i>&amp;</i>2</b>");
});

it("generations that the store has no more are on the line from the audit log", () => {
  const status = {
    ...{ secret: "DB_PASSWORD" as const, strategy: "", active: 2, due: "2027-01-01", inDays: 3 },
    ...{
      generations: [{ generation: 2, phase: "active", ageDays: 1, createdAt: "2026-11-01T00:00:00.000Z" }],
      consumers: [],
      unsettled: [],
    },
  };
  const store = [{ entry: "DB_PASSWORD", generation: 2, createdAt: new Date("2026-11-01T00:00:00Z") }];
  const entry = (time: string, before: string, after: string) => ({
    ...{
      seq: 1,
      time,
      who: "",
      stack: "dev",
      secret: "DB_PASSWORD",
      action: "swarm-secret",
      outcome: "observed" as const,
    },
    ...{ before, after, reason: "", highest: 1, previous: "", hash: "" },
  });
  const one = "DB_PASSWORD-g1 id digest";
  const log = [entry("2026-08-01T00:00:00.000Z", "absent", one), entry("2026-11-02T00:00:00.000Z", one, "absent")];
  expect(spansOf(status, store, log)).toEqual([
    { generation: 1, phase: "revoked", from: "2026-08-01T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" },
    { generation: 2, phase: "active", from: "2026-11-01T00:00:00.000Z" },
  ]);
});
