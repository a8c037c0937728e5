import { createHash } from "node:crypto";
import type { ReportData } from "./data.ts";
import { Html, markup } from "./html.ts";
import {
  auditSection,
  badge,
  dueClass,
  gateSection,
  matrixSection,
  moment,
  policySection,
  secretsSection,
  timelineSection,
} from "./sections.ts";
import { style } from "./style.ts";

/** One self-contained page: no script, no address but its own, nothing that is loaded. */
export function page(data: ReportData): string {
  const { stack, at, by, gate } = data;
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const body = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>Secrets of ${stack}, ${at.slice(0, 10)}</title>
        <style>${new Html(style)}</style>
      </head>
      <body>
        <header>
          <h1>Secrets of ${stack}</h1>
          <p class="soft">${moment(at)} UTC, by ${by}. No value of a secret is on this page.</p>
          ${cards(data)}
        </header>
        <main>
          ${timelineSection(data)} ${secretsSection(data)} ${matrixSection(data)} ${gateSection(data)}
          ${policySection(data)} ${auditSection(data)}
        </main>
        <footer>
          <p>
            goimg-secrets report, commit <span class="mono">${gate.commit.slice(0, 12)}</span>. Evidence of the gate:
            <span class="mono">sha256 ${gate.sha256}</span>
          </p>
        </footer>
      </body>
    </html>`;
  return body.text;
}

function cards({ secrets, gate, audit, policies }: ReportData): Html {
  const [next] = [...secrets].sort((a, b) => a.inDays - b.inDays);
  const passed = gate.controls.filter(({ verdict }) => verdict === "pass").length;
  const mandatory = policies.violations.filter(({ level }) => level === "mandatory").length;
  const unchecked = policies.failure !== undefined && mandatory === 0;
  return markup`<ul class="cards">
    <li>
      <strong>${passed} of ${gate.controls.length}</strong>controls pass
      ${gate.verdict === "pass" ? badge("gate passes", "good") : badge("gate fails", "bad")}
    </li>
    <li>
      <strong>${secrets.length}</strong
      >secrets${next === undefined ? "" : markup`; next due <span class="${dueClass(next)}">${next.due.slice(0, 10)}</span>`}
    </li>
    <li>
      <strong>${unchecked ? "?" : mandatory}</strong>policy violations
      ${unchecked ? badge("not checked", "warn") : mandatory === 0 ? badge("none", "good") : badge("refused", "bad")}
    </li>
    <li>
      <strong>${audit.entries}</strong>audit entries
      ${audit.broken === undefined ? badge("chain intact", "good") : badge("chain broken", "bad")}
    </li>
  </ul>`;
}
