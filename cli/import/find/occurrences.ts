import { detect } from "../../../policies/detect/index.ts";
import { isPlainWords } from "../../../policies/detect/values.ts";
import type { Project } from "../compose/project.ts";
import type { Place } from "../compose/traced.ts";
import { overlaps, type Part } from "./candidates.ts";
import { decode, encoders, type Encoding } from "./encodings.ts";
import { secretParts, type SecretPart } from "./parts.ts";
import { subjectsOf, type Subject, type Where } from "./subjects.ts";
import { Value } from "./value.ts";

/** One place where a secret's value stands, or is put by a variable. */
export interface Occurrence {
  readonly service: string | undefined;
  readonly where: Where | "unused variable" | "declared secret";
  readonly name: string;
  readonly value: Value;
  readonly encoding: Encoding;
  /** The characters of the subject's text that are the secret. */
  readonly start: number;
  readonly end: number;
  readonly subject: Subject;
  /** The variable that supplies exactly these characters, if one does. */
  readonly variable: string | undefined;
  /** Where the value itself is written. */
  readonly at: Place;
  readonly rule: string;
}

/** A value shorter than this, or a well-known one, is not looked for where nothing says that it is a secret. */
const spreadLength = 8;

/** Every secret of a project, in the order of its services. */
export function occurrencesOf(project: Project): readonly Occurrence[] {
  const subjects = subjectsOf(project);
  const values = knownValues(project, subjects);
  const all = subjects.flatMap((subject) =>
    secretParts(nameOf(subject), subject.traced, copies(subject, values)).map((part) => occurrence(subject, part)),
  );
  return [...all, ...declaredSecrets(project), ...unusedVariables(project, all)];
}

/** Values that are surely secrets: those of variables, and those that the project declares. */
function knownValues(project: Project, subjects: readonly Subject[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const subject of subjects.filter(({ where }) => where === "environment"))
    for (const part of secretParts(nameOf(subject), subject.traced))
      values.set(occurrence(subject, part).value.reveal(), part.rule);
  for (const { value } of project.secrets) if (value !== undefined) values.set(value.text, "declared-secret");
  for (const value of values.keys()) if (!isDistinct(value)) values.delete(value);
  return values;
}

/** A short, well-known or plain word may stand where it is no secret: `postgres` is a user, a database and a host too. */
function isDistinct(value: string): boolean {
  return value.length >= spreadLength && !isPlainWords(value) && detect("PASSWORD", value)?.rule !== "weak-default";
}

/** Commands and probes are judged by their words alone, whatever the key is called. */
function nameOf({ where, name }: Subject): string {
  return where === "command" || where === "entrypoint" || where === "healthcheck"
    ? ""
    : name.replace(/^.*\.(?=[^.]+$)/, "");
}

/** The values that are known to be secrets, where they stand again: in a health check, a label, another's URL. */
function copies(subject: Subject, values: ReadonlyMap<string, string>): SecretPart[] {
  const { text } = subject.traced;
  const parts: SecretPart[] = [];
  for (const [value, rule] of values) {
    for (const form of new Set([value, ...Object.values(encoders).map((encode) => encode(value))])) {
      for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + form.length)) {
        const part: Part = { start, end: start + form.length, kind: form === value ? "raw" : "url" };
        const alone =
          !/[A-Za-z0-9]/.test(text[part.end] ?? "") &&
          (!/[A-Za-z0-9]/.test(text[start - 1] ?? "") || /-p$/.test(text.slice(0, start)));
        if (alone && !parts.some((each) => overlaps(each, part))) parts.push({ ...part, rule });
      }
    }
  }
  return parts;
}

function occurrence(subject: Subject, part: SecretPart): Occurrence {
  const { text, spans } = subject.traced;
  const { value, encoding } = decode(text.slice(part.start, part.end), part.kind);
  const supplying = spans.filter(({ start, end }) => start === part.start && end === part.end);
  const around = spans.filter(({ start, end }) => start <= part.start && end >= part.end);
  const innermost = around.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
  return {
    service: subject.service,
    where: subject.where,
    name: subject.name,
    value: new Value(value),
    encoding,
    start: part.start,
    end: part.end,
    subject,
    variable: supplying.at(-1)?.variable,
    at: innermost?.at ?? subject.traced.at,
    rule: part.rule,
  };
}

/** What the project itself declares as a secret, one occurrence for each consumer. */
function declaredSecrets(project: Project): readonly Occurrence[] {
  return project.secrets.flatMap(({ name, value, consumers }) => {
    if (value === undefined || value.text === "") return [];
    return (consumers.length === 0 ? [undefined] : consumers).map((service) => {
      const subject: Subject = { service, where: "other", name, traced: value };
      return {
        ...occurrence(subject, { start: 0, end: value.text.length, kind: "raw", rule: "declared-secret" }),
        where: "declared secret",
      } as const;
    });
  });
}

/** Secrets of `.env` files that reach no service. */
function unusedVariables(project: Project, used: readonly Occurrence[]): readonly Occurrence[] {
  const occurrences: Occurrence[] = [];
  for (const [name, traced] of project.variables) {
    const isUsed = (at: Place, variable?: string): boolean =>
      (at.file === traced.at.file && at.line === traced.at.line) || variable === name;
    if (
      used.some((each) => isUsed(each.at, each.variable) || each.subject.traced.spans.some((span) => isUsed(span.at)))
    )
      continue;
    if (project.secrets.some(({ value }) => value !== undefined && isUsed(value.at))) continue;
    if (detect(name, traced.text) === undefined && traced.spans.length === 0) continue;
    const subject: Subject = { service: undefined, where: "environment", name, traced };
    for (const part of secretParts(name, traced))
      occurrences.push({ ...occurrence(subject, part), where: "unused variable" });
  }
  return occurrences;
}
