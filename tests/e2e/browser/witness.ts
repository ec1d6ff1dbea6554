// Contexts of one browser with everything written down that no page may do: ask another host, warn or
// fail in the console, open a dialog, come without its policy, or leave its document by itself.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

/** How long a browser may take for what it does at once; a broken page makes a check wait so long. */
const PATIENCE_MS = 8_000;

export class Witness {
  /** What was seen and should not have been. */
  readonly found: string[] = [];
  requests = 0;
  #expected: RegExp[] = [];

  constructor(private readonly browser: Browser, private readonly origins: readonly string[]) {}

  /** A visitor without history: no cookies, nothing of another context. */
  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({
      viewport: { width: 1440, height: 900 },
      colorScheme: "light",
      // Colours change at once, and are measured as they are.
      reducedMotion: "reduce",
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    context.on("request", (request) => {
      this.requests++;
      const { origin, protocol } = new URL(request.url());
      if (protocol === "data:" || protocol === "about:") return;
      if (!this.origins.includes(origin)) this.#see(`request to another host: ${request.url()}`);
    });
    context.on("response", (response) => {
      const headers = response.headers();
      if (!(headers["content-type"] ?? "").startsWith("text/html")) return;
      if (/default-src 'none'/.test(headers["content-security-policy"] ?? "")) return;
      this.#see(`no policy with ${response.url()}`);
    });
    context.on("page", (page) => this.#watch(page));
    return context;
  }

  /** While `work` goes on, console messages that match are what it is about. */
  async expecting<R>(pattern: RegExp, work: () => Promise<R>): Promise<R> {
    this.#expected.push(pattern);
    try {
      return await work();
    } finally {
      this.#expected = this.#expected.filter((one) => one !== pattern);
    }
  }

  /** What was seen since the last time, and nothing of it twice. */
  take(): string[] {
    return [...new Set(this.found.splice(0))];
  }

  #watch(page: Page): void {
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      this.#see(`console ${message.type()}: ${message.text()} at ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.#see(`page error: ${error.message} on ${page.url()}`));
    page.on("dialog", async (dialog) => {
      this.#see(`dialog: ${dialog.message()} on ${page.url()}`);
      await dialog.dismiss();
    });
  }

  #see(what: string): void {
    if (!this.#expected.some((pattern) => pattern.test(what))) this.found.push(what);
  }
}
