import { type Browser, chromium, type Page } from "playwright-core";
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { c3poCommand, denoDirectory, must, waitFor } from "../kernel/lab.ts";

/** How large a phone is, and a desk, in CSS pixels. */
export const PHONE = { width: 375, height: 667 };
export const DESK = { width: 1280, height: 800 };

/** The minute that the pages of the tests begin in. */
export const MINUTE = 29922240;

/** A key of each kind, and of one kind with a range. */
export const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
export const PASSPHRASE = "correct horse battery st\u00e4ple";

/** How a page is opened. */
export interface Opening {
  readonly size?: { width: number; height: number };
  readonly colours?: "dark" | "light";
  /** What stands behind the address, as in `#key`. */
  readonly behind?: string;
  /** The page's clock at the start in unix milliseconds, 18 seconds into the minute; null for the true one. */
  readonly clock?: number | null;
  /** When the page claims to have been made, in unix seconds. */
  readonly made?: number;
  /** Where it comes from instead of a file. */
  readonly from?: string;
  /** A script that runs before the page's own. */
  readonly first?: string;
}

/** The real Chromium without a window, and what `c3po page` printed. */
export class Chromium implements AsyncDisposable {
  readonly #files: string[] = [];

  private constructor(readonly browser: Browser, readonly html: string) {}

  /** @param flags of Chromium, besides those that keep it quiet */
  static async start(flags: readonly string[] = []): Promise<Chromium> {
    const [command, ...first] = c3poCommand();
    const html = await must(command, [...first, "page"], { env: { DENO_DIR: denoDirectory() } });
    const args = [...QUIET, ...flags];
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
    return new Chromium(browser, html);
  }

  /** Opens the page in a browser that has never seen it, as a file unless told otherwise. */
  async open(opening: Opening = {}): Promise<Visit> {
    const { size = PHONE, colours = "light", clock = at(18) } = opening;
    const context = await this.browser.newContext({
      viewport: size,
      colorScheme: colours,
      locale: "en-GB",
      timezoneId: "UTC",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    const visit = new Visit(page);
    if (clock !== null) {
      await page.clock.install({ time: clock - 3_600_000 }); // a busy machine takes long to come to the next line
      await page.clock.pauseAt(clock);
    }
    await page.addInitScript(WATCH);
    if (opening.first !== undefined) await page.addInitScript(opening.first);
    await page.goto((opening.from ?? await this.#file(opening)) + (opening.behind ?? ""));
    return visit;
  }

  /** The page in a file of its own; the clocks of the tests are behind the one it was made by. */
  async #file({ made = MINUTE * 60 }: Opening): Promise<string> {
    const folder = await Deno.makeTempDir({ prefix: "c3po-page-" });
    this.#files.push(folder);
    const file = join(folder, "c3po.html");
    await Deno.writeTextFile(file, this.html.replace(/data-made="\d+"/, `data-made="${made}"`));
    return new URL(`file://${file}`).href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    for (const folder of this.#files) await Deno.remove(folder, { recursive: true });
  }
}

/** One visit to the page; it fails at its end if the page has done anything that it must not. */
export class Visit implements AsyncDisposable {
  readonly #requests: string[] = [];
  readonly #complaints: string[] = [];

  /** @param page that has not been anywhere yet */
  constructor(readonly page: Page) {
    page.on("request", (request) => {
      if (!request.isNavigationRequest()) this.#requests.push(request.url());
    });
    page.on("console", (message) => this.#complaints.push(message.text()));
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
  }

  /** Adds a host by the form, as a person would. */
  async add(key: string, target: string, name = ""): Promise<void> {
    const { page } = this;
    if (!await page.isVisible("#form")) await page.click("#add");
    await page.fill("#key", key);
    await page.fill("#target", target);
    await page.fill("#name", name);
    await page.click("#submit");
    await page.waitForSelector("#card");
  }

  /** The port that is shown, once there is one. */
  async port(selector = "#port"): Promise<number> {
    const place = this.page.locator(selector).filter({ hasText: /^\d+$/ });
    return Number(await place.textContent());
  }

  /** What is shown at a place, once it matches. */
  async text(selector: string, like = /\S/): Promise<string> {
    return (await this.page.locator(selector).filter({ hasText: like }).textContent())!.trim();
  }

  /** Waits until an expression is true; the page's own rules let no script wait for it in there. */
  async until(expression: string): Promise<void> {
    await waitFor(async () => await this.page.evaluate(expression) ? true : undefined, {
      what: expression,
    });
  }

  /** Lets the page's clock run on. */
  async pass(ms: number): Promise<void> {
    await this.page.clock.runFor(ms);
  }

  /** All that the browser keeps for this page. */
  async kept(): Promise<string> {
    return await this.page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })");
  }

  /** What has been copied. */
  async clipboard(): Promise<string> {
    return await this.page.evaluate("navigator.clipboard.readText()");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const violations = await this.page.evaluate("globalThis.violations");
    await this.page.context().close();
    const seen = { violations, requests: this.#requests, complaints: this.#complaints };
    assertEquals(seen, { violations: [], requests: [], complaints: [] });
  }
}

/** A moment in the minute that the tests begin in, in unix milliseconds. */
export function at(second: number): number {
  return (MINUTE * 60 + second) * 1000;
}

/** One Chromium for all tests of a file. */
export function chromiumForAll(flags: readonly string[] = []): () => Chromium {
  let started: Chromium | undefined;
  Deno.test.beforeAll(async () => {
    started = await Chromium.start(flags);
  });
  Deno.test.afterAll(async () => await started?.[Symbol.asyncDispose]());
  return () => started!;
}

/** Notes what the page's own rules have forbidden. */
const WATCH = `globalThis.violations = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push(violatedDirective + " " + blockedURI));`;

/** A browser that asks its maker nothing, and may run as root. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
