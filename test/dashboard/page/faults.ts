/** What is wrong with what was drawn, for each panel by its name. */
import { getFieldDisplayName, type DataFrame } from "@grafana/data";
import type { Panel } from "./data.ts";

export function faultsOf(all: readonly (readonly [Panel, DataFrame[]])[]): readonly string[] {
  return all.flatMap(([panel, frames]) => {
    const drawn = document.getElementById(panel.title);
    const faults = drawn === null ? ["is not drawn"] : [...missing(drawn, panel, frames), ...cutOff(drawn)];
    return faults.map((fault) => `${panel.title}: ${fault}`);
  });
}

function* missing(drawn: HTMLElement, { type, title }: Panel, frames: DataFrame[]): Generator<string> {
  const rows = frames.reduce((sum, { length }) => sum + length, 0);
  if (rows === 0) yield "Prometheus has nothing for it";
  const text = drawn.innerText.replace(title, "");
  const names = type === "table" ? ["phase"] : type === "stat" ? [] : frames.map(nameOf);
  const absent = names.filter((name) => !text.includes(name));
  if (absent.length > 0) yield `does not name ${absent.join(", ")}`;
  if (type === "timeseries") {
    if (!painted(drawn)) yield "has no line in a colour";
  } else if (!/\d/.test(text)) yield "shows no number";
}

function nameOf(frame: DataFrame): string {
  const field = frame.fields.at(-1);
  return field === undefined ? "" : getFieldDisplayName(field, frame);
}

/** Whether a line was drawn: axes are grey. */
function painted(drawn: HTMLElement): boolean {
  const canvas = drawn.querySelector("canvas");
  const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
  for (let at = 0; at < pixels.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.slice(at, at + 4);
    if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) return true;
  }
  return false;
}

/** Texts that end in three dots, and values that have to be scrolled to. */
function* cutOff(drawn: HTMLElement): Generator<string> {
  for (const element of drawn.querySelectorAll<HTMLElement>("*")) {
    const { overflowX, overflowY } = getComputedStyle(element);
    const own = [...element.childNodes].some(({ nodeType }) => nodeType === Node.TEXT_NODE);
    if (own && overflowX === "hidden" && element.scrollWidth > element.clientWidth + 1)
      yield `cuts "${element.innerText}" off`;
    if (/auto|scroll/.test(overflowY) && element.scrollHeight > element.clientHeight + 1 && element.role !== "grid")
      yield `has ${element.scrollHeight} pixels of content in ${element.clientHeight}`;
  }
}
