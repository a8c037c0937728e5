/** From the dashboard's JSON and Prometheus's answers to what Grafana's components draw. */
import {
  applyFieldOverrides,
  createDataFrame,
  FieldType,
  rangeUtil,
  Registry,
  renderLegendFormat,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
  type DataFrame,
  type DataTransformerConfig,
  type DataTransformerInfo,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
  type Labels,
  type ReduceDataOptions,
} from "@grafana/data";
import type { VizLegendOptions } from "@grafana/schema";
import source from "../../../components/observability/dashboard.json";

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant: boolean;
  readonly format?: string;
}

/** What the dashboard says of a panel. */
export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
  readonly fieldConfig: FieldConfigSource;
  readonly options: { readonly reduceOptions: ReduceDataOptions; readonly legend: VizLegendOptions };
  readonly transformations?: DataTransformerConfig[];
}

/** The dashboard, with the stack of the story where its variable is. */
export const dashboard = JSON.parse(JSON.stringify(source).replaceAll("$stack", "prod")) as Omit<
  typeof source,
  "panels"
> & { readonly panels: readonly Panel[] };

export const range = rangeUtil.convertRawToRange(dashboard.time, dashboard.timezone);

// One of them has two names.
const transformers = new Map(Object.values(standardTransformers).map((one) => [one.id, one as DataTransformerInfo]));
standardTransformersRegistry.setInit(() =>
  [...transformers.values()].map((one) => ({
    ...{ id: one.id, name: one.name, imageDark: "", imageLight: "", editor: () => null },
    transformation: () => Promise.resolve(one),
  })),
);

/** What a panel shows, as Grafana gets there: queries, transformations, then the panel's field options. */
export async function framesOf(panel: Panel, width: number, theme: GrafanaTheme2): Promise<DataFrame[]> {
  const answered = (await Promise.all(panel.targets.map((target) => ask(target, width)))).flat();
  const data = await new Promise<DataFrame[]>((done, fail) => {
    transformDataFrame(panel.transformations ?? [], answered).subscribe({ next: done, error: fail });
  });
  return applyFieldOverrides({
    ...{ data, theme, fieldConfig: panel.fieldConfig, timeZone: dashboard.timezone },
    fieldConfigRegistry: fieldOptions(panel.fieldConfig),
    replaceVariables: (text) => text,
  });
}

/** Grafana's registries of field options are of its panel plugins: here, whatever the JSON sets is one. */
function fieldOptions({ defaults: { custom, ...standard } }: FieldConfigSource): Registry<FieldConfigPropertyItem> {
  const item = (path: string, isCustom: boolean): FieldConfigPropertyItem => ({
    ...{ id: isCustom ? `custom.${path}` : path, path, name: path, isCustom },
    ...{ editor: () => null, override: () => null, process: (value: unknown) => value, shouldApply: () => true },
  });
  return new Registry(() => [
    ...Object.keys(standard).map((path) => item(path, false)),
    ...Object.keys((custom ?? {}) as object).map((path) => item(path, true)),
  ]);
}

interface Series {
  readonly metric: Labels;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

async function ask(target: Target, width: number): Promise<DataFrame[]> {
  const [from, to] = [range.from.unix(), range.to.unix()];
  const step = rangeUtil.calculateInterval(range, Math.floor(width), "15s").intervalMs / 1000;
  const aligned = { start: Math.floor(from / step) * step, end: Math.floor(to / step) * step, step };
  const numbers = Object.entries<number>(target.instant ? { time: to } : aligned);
  const asked = new URLSearchParams([["query", target.expr], ...numbers.map(([name, value]) => [name, String(value)])]);
  const answer = await fetch(`/api/v1/${target.instant ? "query" : "query_range"}?${asked.toString()}`);
  if (!answer.ok) throw new Error(await answer.text());
  const { result } = ((await answer.json()) as { data: { result: readonly Series[] } }).data;
  return target.format === "table" ? tableOf(target, result) : result.map((series) => frameOf(target, series));
}

const time = { name: "Time", type: FieldType.time, config: {} } as const;
const number = { name: "Value", type: FieldType.number, config: {} } as const;

function frameOf({ refId, legendFormat }: Target, { metric, value, values = value ? [value] : [] }: Series): DataFrame {
  const displayNameFromDS = renderLegendFormat(legendFormat, metric);
  return createDataFrame({
    refId,
    fields: [
      { ...time, values: values.map(([at]) => at * 1000) },
      { ...number, labels: metric, config: { displayNameFromDS }, values: values.map(([, text]) => Number(text)) },
    ],
  });
}

function tableOf({ refId }: Target, series: readonly Series[]): DataFrame[] {
  const names = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const columns = names.map((name) => {
    const values = series.map(({ metric }) => metric[name] ?? "");
    return { name, type: FieldType.string, config: {}, values };
  });
  const [at, values] = [0, 1].map((index) => series.map(({ value }) => Number(value?.[index])));
  return [
    createDataFrame({
      refId,
      fields: [{ ...time, values: at ?? [] }, ...columns, { ...number, values: values ?? [] }],
    }),
  ];
}
