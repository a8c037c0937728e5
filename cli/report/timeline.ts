import type { ReportedSecret, Span } from "./data.ts";
import { markup, type Html } from "./html.ts";

const width = 1000;
const label = 190;
const row = 34;
const bar = 14;
const top = 30;
const dayMs = 86_400_000;

/** A scale from times to the drawing. */
interface Scale {
  readonly from: number;
  readonly to: number;
  readonly x: (time: number) => number;
}

/** Generations and due dates of every secret on one line of time, drawn. The table beside it says the same in words. */
export function timeline(secrets: readonly ReportedSecret[], now: Date): Html {
  const scale = scaleOf(secrets, now);
  const height = top + secrets.length * row + 22;
  const today = scale.x(now.getTime());
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="timeline-title timeline-text">
    <title id="timeline-title">Generations and due dates</title>
    <desc id="timeline-text">${described(secrets)}</desc>
    ${months(scale, height)} ${secrets.map((secret, index) => line(secret, top + index * row, scale, now))}
    <line class="today" x1="${today}" x2="${today}" y1="${top - 8}" y2="${height - 16}" />
    <text class="today" x="${today}" y="${top - 14}" text-anchor="middle">today</text>
  </svg>`;
}

function scaleOf(secrets: readonly ReportedSecret[], now: Date): Scale {
  const times = secrets.flatMap(({ spans, due }) => [
    Date.parse(due),
    ...spans.flatMap(({ from, to }) => [Date.parse(from), ...(to === undefined ? [] : [Date.parse(to)])]),
  ]);
  const known = [...times, now.getTime()].filter((time) => !Number.isNaN(time));
  const from = Math.min(...known) - 10 * dayMs;
  const to = Math.max(...known) + 20 * dayMs;
  const x = (time: number): number =>
    Math.round((label + ((time - from) / (to - from)) * (width - label - 12)) * 10) / 10;
  return { from, to, x };
}

function months({ from, to, x }: Scale, height: number): readonly Html[] {
  const first = new Date(from);
  const count = Math.ceil((to - from) / (30 * dayMs));
  const step = Math.max(1, Math.ceil(count / 10));
  const marks: Html[] = [];
  for (let month = 1; month <= count + 1; month += step) {
    const time = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month, 1);
    if (time > to) break;
    const text = new Date(time).toISOString().slice(0, 7);
    marks.push(
      markup`<line class="month" x1="${x(time)}" x2="${x(time)}" y1="${top - 4}" y2="${height - 16}" /><text
          class="month"
          x="${x(time) + 3}"
          y="${height - 4}"
          >${text}</text
        >`,
    );
  }
  return marks;
}

function line(secret: ReportedSecret, y: number, scale: Scale, now: Date): Html {
  const middle = y + row / 2;
  const due = scale.x(Date.parse(secret.due));
  const active = secret.spans.find(({ generation }) => generation === secret.active);
  const begin = active === undefined ? due : scale.x(Date.parse(active.from));
  const state = secret.inDays < 0 ? "late" : secret.inDays <= 30 ? "soon" : "fine";
  return markup`<g>
    <line class="rule" x1="0" x2="${width}" y1="${y + row}" y2="${y + row}" />
    <text class="name" x="0" y="${middle + 4}">${secret.secret}</text>
    <line class="until ${state}" x1="${begin}" x2="${due}" y1="${middle}" y2="${middle}" />
    ${secret.spans.map((span) => spanBar(span, middle, scale, now))}
    <path class="due ${state}" d="M${due} ${middle - 7}l7 7-7 7-7-7z" />
  </g>`;
}

function spanBar({ generation, phase, from, to }: Span, middle: number, { x }: Scale, now: Date): Html {
  const begin = x(Date.parse(from));
  const end = Math.max(x(to === undefined ? now.getTime() : Date.parse(to)), begin + 8);
  return markup`<rect
    class="span ${phase}"
    x="${begin}"
    y="${middle - bar / 2}"
    width="${Math.round((end - begin) * 10) / 10}"
    height="${bar}"
    rx="4"
    ><title>
      g${generation} ${phase}, from ${from.slice(0, 10)}${to === undefined ? "" : ` to ${to.slice(0, 10)}`}
    </title></rect
  >`;
}

function described(secrets: readonly ReportedSecret[]): string {
  return secrets
    .map(({ secret, spans, due }) => {
      const list = spans.map(({ generation, phase, from }) => `g${generation} ${phase} since ${from.slice(0, 10)}`);
      return `${secret}: ${list.join(", ")}; due ${due.slice(0, 10)}`;
    })
    .join(". ");
}
