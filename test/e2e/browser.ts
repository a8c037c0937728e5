/** A real browser that reads a page as people do: light, dark, on paper, and by axe-core's rules. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { inChromium } from "./chromium.ts";

/** What a browser found on a page in one theme. */
export interface Reading {
  readonly title: string;
  /** Addresses that the page asked for, its own file left out. */
  readonly requests: readonly string[];
  /** What the page or the browser complained of. */
  readonly complaints: readonly string[];
  /** Violations of axe-core's rules: rule, and where. */
  readonly violations: readonly string[];
  /** Background of the page, to tell the themes apart. */
  readonly background: string;
  /** Text as it is laid out. */
  readonly text: string;
  /** Pixels by which the page is wider than its window. */
  readonly overflow: number;
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Reads a file in a browser of its own. A picture is written where `picture` says. */
export async function readPage(
  file: string,
  { theme, width, picture }: { readonly theme: "light" | "dark"; readonly width: number; readonly picture?: string },
): Promise<Reading> {
  const viewport = { width, height: 900 };
  return inChromium({ colorScheme: theme, viewport }, async (page) => {
    const [own, requests, complaints]: [string, string[], string[]] = [pathToFileURL(file).href, [], []];
    page.on("request", (request) => {
      if (request.url() !== own) requests.push(request.url());
    });
    page.on("console", (message) => {
      complaints.push(message.text());
    });
    page.on("pageerror", (error) => {
      complaints.push(error.message);
    });
    await page.goto(own);
    if (picture !== undefined) await page.screenshot({ path: picture, fullPage: true });
    // Folded parts are looked at too.
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    await page.evaluate(axe);
    const { violations } = await page.evaluate<AxeResult>("axe.run(document, { resultTypes: ['violations'] })");
    return {
      title: await page.title(),
      requests,
      complaints,
      violations: violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map((node) => node.html)
            .join(" ")
            .slice(0, 300)}`,
      ),
      background: await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"),
      text: await page.evaluate<string>("document.body.innerText"),
      overflow: await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth"),
    };
  });
}
