/** Draws the dashboard in a browser, each panel by Grafana's own component. `draw.ts` bundles it and answers what it asks for. */
import { useEffect, type JSX } from "react";
import { createRoot } from "react-dom/client";
import {
  createTheme,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  VizOrientation,
  type DataFrame,
  type FieldDisplay,
} from "@grafana/data";
import { initPluginTranslations } from "@grafana/i18n";
import { defaultOptions as barDefaults } from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import { defaultOptions as statDefaults } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import { defaultOptions as tableDefaults } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from "@grafana/ui";
import { TableNG } from "@grafana/ui/unstable";
import { dashboard, framesOf, range, type Panel } from "./data.ts";
import { faultsOf } from "./faults.ts";

const theme = createTheme({ colors: { mode: "dark" } });
/** Grafana's grid: 24 columns, rows of 30 pixels, 8 between. */
const [gap, rowHeight, columns] = [8, 30, 24];
const columnWidth = (document.documentElement.clientWidth - gap) / columns;

interface Content {
  readonly panel: Panel;
  readonly frames: DataFrame[];
  readonly width: number;
  readonly height: number;
}

function Values({ panel, frames, width, height }: Content): JSX.Element {
  const { reduceOptions } = panel.options;
  const getValues = (): FieldDisplay[] =>
    getFieldDisplayValues({
      ...{ data: frames, fieldConfig: panel.fieldConfig, reduceOptions, theme, timeZone: dashboard.timezone },
      replaceVariables: (text) => text,
    });
  const bars = { ...barDefaults, orientation: VizOrientation.Auto, ...panel.options } as Required<typeof barDefaults>;
  const stat = { ...statDefaults, ...panel.options } as Required<typeof statDefaults>;
  const isStat = panel.type === "stat";
  return (
    <VizRepeater<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>
      {...{ getValues, width, height, source: frames, renderCounter: 0, autoGrid: isStat }}
      {...(isStat ? {} : { itemSpacing: 10, minVizHeight: bars.minVizHeight, maxVizHeight: bars.maxVizHeight })}
      orientation={(isStat ? VizOrientation.Auto : bars.orientation) as VizOrientation}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, count, ...place }) =>
        isStat ? (
          <BigValue {...place} {...stat} {...{ theme, count, value: value.display }} />
        ) : (
          <BarGauge
            {...{ ...place, ...bars, theme, value: value.display, field: value.field }}
            display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          />
        )
      }
    />
  );
}

function Content({ panel, frames, width, height }: Content): JSX.Element {
  const { type, options } = panel;
  const [data] = frames;
  if (data === undefined) return <></>;
  if (type === "stat" || type === "bargauge") return <Values {...{ panel, frames, width, height }} />;
  if (type === "table") {
    const { cellHeight, showHeader, sortBy } = { ...tableDefaults, ...options };
    return <TableNG {...{ data, width, height, cellHeight, sortBy, noHeader: !showHeader }} />;
  }
  if (type !== "timeseries") throw new Error(`nothing here draws a panel of the type ${type}`);
  const place = { width, height, timeRange: range, timeZone: dashboard.timezone, legend: options.legend };
  return <TimeSeries {...place} frames={frames} />;
}

function Board({ all }: { readonly all: readonly (readonly [Panel, DataFrame[]])[] }): JSX.Element {
  useEffect(() => {
    // Tables and plots lay themselves out once more after the first time.
    setTimeout(() => Object.assign(globalThis, { faults: faultsOf(all) }), 1000);
  }, [all]);
  const bottom = Math.max(...all.map(([{ gridPos }]) => gridPos.y + gridPos.h)) * (rowHeight + gap);
  return (
    <div style={{ position: "relative", height: bottom + gap, background: theme.colors.background?.canvas }}>
      <GlobalStyles />
      {all.map(([panel, frames]) => (
        <section key={panel.title} id={panel.title} style={{ position: "absolute", ...placeOf(panel) }}>
          <PanelChrome {...placeOf(panel)} title={panel.title} description={panel.description}>
            {(width: number, height: number) => <Content {...{ panel, frames, width, height }} />}
          </PanelChrome>
        </section>
      ))}
    </div>
  );
}

const placeOf = ({ gridPos: { x, y, w, h } }: Panel) => ({
  left: x * columnWidth + gap,
  top: y * (rowHeight + gap) + gap,
  width: w * columnWidth - gap,
  height: h * (rowHeight + gap) - gap,
});

await initPluginTranslations("goimg-dashboard");
const all = await Promise.all(dashboard.panels.map(async (panel) => [panel, await framesOrNone(panel)] as const));
createRoot(document.body.appendChild(document.createElement("main"))).render(<Board all={all} />);

async function framesOrNone(panel: Panel): Promise<DataFrame[]> {
  return framesOf(panel, placeOf(panel).width, theme).catch((error: unknown) => {
    console.error(`${panel.title}: ${String(error)}`);
    return [];
  });
}
