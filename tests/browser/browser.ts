import axe from "axe-core";
import { type BrowserContext, chromium, type Page } from "playwright-core";

/** Nothing is asked of anybody but the page: a browser fetches a good deal by itself. */
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

/** The widths of a telephone and of a desk, in both colours. */
export const VIEWS: readonly View[] = [390, 1400].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme }))
);

/** A page in a real Chromium, and what went wrong in it. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #directory: string;
  readonly page: Page;
  /** Errors of the console, of scripts and of the security policy. */
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

  /** What axe-core finds that is serious or worse: its name, and where. */
  async accessibilityFaults(): Promise<string[]> {
    // By the debugger, which no policy of the page's forbids.
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run()
    );
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  /** The text of one element. */
  async text(selector: string): Promise<string> {
    return await this.page.locator(selector).first().innerText();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await Deno.remove(this.#directory, { recursive: true });
  }
}
