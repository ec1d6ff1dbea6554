// A real browser for the tests of pages, where the machine has one.

import { type Browser, chromium } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is; null, and a printed reason, where there is none. */
export function chromiumPath(): string | null {
  const found = PATHS.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
  if (found === undefined) {
    const reason = `browser checks are skipped: no Chromium at ${PATHS.join(", ")}\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(reason));
  }
  return found ?? null;
}

/** Starts the browser, gives it to `work`, and closes it. */
export async function withBrowser(
  path: string,
  work: (browser: Browser) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: path,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}
