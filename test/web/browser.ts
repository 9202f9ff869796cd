/** A real Chromium, and pages of the chat in it. */
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { until } from '#test/support/until.js';
import { chromiumPath } from './chromium.js';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Starts a browser for the tests of one file. The pages that a test opens are closed after it. */
export function useBrowser() {
  let browser: Browser | undefined;
  const contexts: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS });
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
  });

  return {
    /** Opens a page with its own storage, as for another person. `faults` collects its uncaught errors. */
    async page(options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[] }> {
      const context = await browser!.newContext({ viewport: { width: 1180, height: 760 }, ...options });
      contexts.push(context);
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      return { page, faults };
    },

    /** Opens the page of a room and waits until it is live. */
    async viewer(origin: string, roomId: string, options: BrowserContextOptions = {}): Promise<RoomPage> {
      const { page, faults } = await this.page(options);
      await page.goto(`${origin}/?room=${roomId}`);
      const room = new RoomPage(page, faults);
      await room.hasStatus('Live');
      return room;
    },
  };
}

/** The page of a room, as its user sees it. */
export class RoomPage {
  readonly composer: Locator;
  readonly status: Locator;
  readonly newest: Locator;
  readonly scroller: Locator;

  constructor(
    readonly page: Page,
    readonly faults: string[],
  ) {
    this.composer = page.getByRole('textbox', { name: /^Message to/ });
    this.status = page.getByRole('status');
    this.newest = page.locator('button.newest');
    this.scroller = page.getByRole('log');
  }

  /** Sends a message through the composer. Resolves when the composer is empty again. */
  async say(content: string): Promise<void> {
    await this.composer.fill(content);
    await this.composer.press('Enter');
    await until(async () => (await this.composer.inputValue()) === '', {
      what: `“${content}” to leave the composer`,
    });
  }

  async setName(name: string): Promise<void> {
    await this.page.getByRole('button', { name: /change your name/ }).click();
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(name);
    await this.page.keyboard.press('Enter');
  }

  /** The texts of the messages on the page, from top to bottom. */
  texts(): Promise<string[]> {
    return this.page.locator('.line .text').allTextContents();
  }

  shows(content: string): Promise<unknown> {
    return until(async () => (await this.texts()).includes(content), { what: `“${content}” on the page` });
  }

  hasStatus(words: string | RegExp): Promise<unknown> {
    const fits = (text: string) => (typeof words === 'string' ? text === words : words.test(text));
    return until(async () => fits((await this.status.textContent({ timeout: 1_000 })) ?? ''), {
      what: `the status “${words}”`,
      timeout: 25_000,
    });
  }

  /** Turns the mouse wheel over the messages, upwards if `by` is negative. */
  async wheel(by: number): Promise<void> {
    await this.scroller.hover();
    await this.page.mouse.wheel(0, by);
  }

  /** How far the list is from its end, in pixels. */
  fromEnd(): Promise<number> {
    return this.scroller.evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
  }
}
