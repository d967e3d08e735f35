import axe from "axe-core";
import { type BrowserContext, chromium, type Page } from "playwright-core";

/** These flags keep Chromium from fetching anything else than the page. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface View {
  readonly width: number;
  readonly colorScheme: "light" | "dark";
}

/** The widths of a phone and of a desktop, each in light and dark. */
export const VIEWS: readonly View[] = [390, 1400].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme }))
);

/** A page in a real Chromium, which collects the page's errors. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #directory: string;
  readonly page: Page;
  /** Errors of the console, of scripts and of the content policy. */
  readonly faults: string[] = [];

  private constructor(context: BrowserContext, directory: string, page: Page) {
    this.#context = context;
    this.#directory = directory;
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error" || /Content Security Policy/.test(message.text())) {
        this.faults.push(message.text());
      }
    });
    page.on("pageerror", (error) => void this.faults.push(String(error)));
  }

  static async open({ width, colorScheme }: View): Promise<Browser> {
    const directory = await Deno.makeTempDir({ prefix: "sluice-chromium-" });
    const context = await chromium.launchPersistentContext(directory, {
      executablePath: "/usr/bin/chromium",
      headless: true,
      args: ARGS,
      colorScheme,
      viewport: { width, height: width < 600 ? 844 : 900 },
    });
    return new Browser(context, directory, context.pages()[0]!);
  }

  /** Returns the violations that axe-core finds to be serious or critical: the rule, and the elements. */
  async accessibilityFaults(): Promise<string[]> {
    // `evaluate` uses the debugger, which the page's content policy does not restrict.
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run()
    );
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  /** Returns the text of the first matching element. */
  async text(selector: string): Promise<string> {
    return await this.page.locator(selector).first().innerText();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await Deno.remove(this.#directory, { recursive: true });
  }
}
