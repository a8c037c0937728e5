import { kinds, type Evidence } from "../gate/evidence.ts";
import type { Cell, ReportData, ReportedSecret } from "./data.ts";
import { Html, markup } from "./html.ts";
import { timeline } from "./timeline.ts";

/** A moment as people read it, to the minute. */
export const moment = (iso: string): string => iso.slice(0, 16).replace("T", " ");

/** A word in a coloured shape; the word says it, the colour repeats it. */
export function badge(text: string, kind: "good" | "bad" | "warn" | ""): Html {
  return markup`<span class="badge ${kind}">${text}</span>`;
}

/** Colour of a due date. */
export const dueClass = ({ inDays }: ReportedSecret): string => (inDays < 0 ? "late" : inDays <= 30 ? "soon" : "");

/** A group that scrolls sideways on a small screen, by keyboard too. */
function scrolling(name: string, content: Html): Html {
  return markup`<div class="scroll" role="group" aria-label="${name}, which may be wider than the screen" tabindex="0">${content}</div>`;
}

/** A table that scrolls sideways, as wide ones do. */
function table(name: string, heads: readonly string[], rows: readonly Html[], attributes = new Html("")): Html {
  return scrolling(
    name,
    markup`<table${attributes}>
      <thead>
        <tr>
          ${heads.map((head) => markup`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`,
  );
}

const phases = ["staged", "published", "active", "retiring", "revoked"] as const;

/** Generations on a line of time. */
export function timelineSection({ secrets, at }: ReportData): Html {
  return markup`<section aria-labelledby="h-timeline">
    <h2 id="h-timeline">Timeline</h2>
    <p class="soft">Each generation from its making, and the day on which the active one is due.</p>
    ${scrolling("Timeline", timeline(secrets, new Date(at)))}
    <ul class="legend">
      ${phases.map(
        (phase) =>
          markup`<li>
            <svg viewBox="0 0 22 12" aria-hidden="true">
              <rect class="span ${phase}" width="22" height="12" rx="3" /></svg
            >${phase}
          </li>`,
      )}
      <li>
        <svg viewBox="0 0 22 12" aria-hidden="true"><path class="due" d="M11 0l6 6-6 6-6-6z" /></svg>due
      </li>
    </ul>
  </section>`;
}

/** Every secret: generations, due date, period, owner. */
export function secretsSection({ secrets }: ReportData): Html {
  const rows = secrets.map(
    (one) =>
      markup`<tr>
        <th scope="row" class="mono">${one.secret}</th>
        <td class="near">${one.generations.map(({ generation, phase, ageDays }) => markup`<div>g${generation} ${phase}, ${ageDays} d</div>`)}
        </td>
        <td>
          <span class="${dueClass(one)}">${one.due.slice(0, 10)}</span>
          <div class="soft">${one.inDays < 0 ? `${-one.inDays} days overdue` : `in ${one.inDays} days`}</div>
        </td>
        <td>
          ${one.period}
          <div class="soft">${one.strategy}</div>
        </td>
        <td>${one.owner}</td>
        <td>${one.feature}${one.unsettled.map((reason) => markup`<div class="late">not settled: ${reason}</div>`)}</td>
      </tr>`,
  );
  return markup`<section aria-labelledby="h-secrets" class="long">
    <h2 id="h-secrets">Secrets</h2>
    ${table("Secrets", ["secret", "generations", "due", "period", "owner", "for"], rows)}
  </section>`;
}

/** Secrets by services. */
export function matrixSection({ secrets, services, cells }: ReportData): Html {
  const holders = services.filter((service) => cells.some((cell) => cell.service === service));
  const cellOf = (secret: string, service: string): Html => {
    const cell = cells.find((one) => one.secret === secret && one.service === service);
    return cell === undefined ? markup`<td><span class="soft" aria-label="not granted">·</span></td>` : held(cell);
  };
  const rows = secrets.map(
    ({ secret }) =>
      markup`<tr>
        <th scope="row" class="mono">${secret}</th>
        ${holders.map((service) => cellOf(secret, service))}
      </tr>`,
  );
  return markup`<section aria-labelledby="h-matrix">
    <h2 id="h-matrix">Who holds what</h2>
    <p class="soft">
      Generations that each service mounts; the one that its plain file name leads to is bold. A dot is no grant, and no
      file.
    </p>
    ${table("Who holds what", ["secret", ...holders], rows, new Html(' class="matrix"'))}
    <p class="soft">Without any secret: ${services.filter((name) => !holders.includes(name)).join(", ") || "none"}.</p>
  </section>`;
}

function held({ live, active, entries }: Cell): Html {
  const generations = live.map((generation) =>
    generation === active ? markup`<strong>g${generation}</strong> ` : markup`g${generation} `,
  );
  return markup`<td title="${entries.join(", ")}">${generations}</td>`;
}

/** The controls with their evidence; those that do not pass stand open. */
export function gateSection({ gate }: ReportData): Html {
  return markup`${(["control", "practice"] as const).map(
    (kind) =>
      markup`<section aria-labelledby="h-${kind}" class="long">
        <h2 id="h-${kind}">${kinds[kind]}</h2>
        ${gate.controls.filter((control) => control.kind === kind).map(controlDetails)}
      </section>`,
  )}`;
}

const verdictKind = { pass: "good", fail: "bad", "not checked": "warn" } as const;

function controlDetails(control: Evidence): Html {
  const { number, title, verdict, how, at, problems, seen, looked, sha256 } = control;
  const open = verdict === "pass" ? "" : new Html(" open");
  return markup`<details${open}><summary>${badge(verdict, verdictKind[verdict])}<h3>${number}. ${title}</h3></summary>
<div>${
    problems.length === 0
      ? ""
      : markup`<ul>
          ${problems.map((problem) => markup`<li class="late">${problem}</li>`)}
        </ul>`
  }
<p>Looked at ${how}: ${looked} in all, ${moment(at)} UTC.</p>
<pre tabindex="0" aria-label="Evidence of ${title}"><code>${JSON.stringify(seen, undefined, 1)}</code></pre>
<p class="soft mono">sha256 ${sha256}</p></div></details>`;
}

/** The policy pack, and what it found. */
export function policySection({ policies: { checked, violations, failure } }: ReportData): Html {
  const rows = checked.map(({ policy, level, description }) => {
    const found = violations.filter((violation) => violation.policy === policy);
    const worst = found.some((violation) => violation.level === "mandatory");
    const said =
      found.length > 0
        ? badge(`${found.length} ${worst ? "refused" : "warned of"}`, worst ? "bad" : "warn")
        : failure === undefined
          ? badge("holds", "good")
          : badge("not checked", "warn");
    return markup`<tr>
      <th scope="row" class="mono">${policy}</th>
      <td>${level}</td>
      <td>${said}</td>
      <td>
        ${description}${found.map(({ rule, message }) => markup`<div class="late">[${rule}] ${message}</div>`)}
      </td>
    </tr>`;
  });
  return markup`<section aria-labelledby="h-policies" class="long">
    <h2 id="h-policies">Policies</h2>
    ${failure === undefined ? "" : markup`<p class="late">${failure}</p>`}
    ${table("Policies", ["policy", "level", "result", "what it asks"], rows)}
  </section>`;
}

/** The end of the audit log, and whether its chain is whole. */
export function auditSection({ audit }: ReportData): Html {
  const rows = audit.tail.map(
    ({ seq, time, who, secret, action, outcome, after, reason, hash }) =>
      markup`<tr>
        <td class="near">${seq}</td>
        <td class="mono">${time.slice(0, 19).replace("T", " ")}</td>
        <td>${who}</td>
        <th scope="row" class="mono">${secret}</th>
        <td>${action} ${outcome}</td>
        <td class="any">${after}
          <div class="soft">${reason}</div>
        </td>
        <td class="mono">${hash.slice(0, 10)}</td>
      </tr>`,
  );
  const chain =
    audit.broken === undefined
      ? markup`${badge("intact", "good")} The chain of all ${audit.entries} entries was verified.`
      : markup`${badge("broken", "bad")} ${audit.broken}`;
  return markup`<section aria-labelledby="h-audit" class="long">
    <h2 id="h-audit">Audit log</h2>
    <p>${chain} The last ${audit.tail.length}, the youngest first:</p>
    ${table("Audit log", ["#", "when (UTC)", "who", "secret", "what", "after, and why", "hash"], rows)}
  </section>`;
}
