/**
 * The page under test: every journey runs with a watch on the console, on failed requests and on foreign hosts, and
 * fails when anything is seen.
 */
import { test as base, expect, type Page } from '@playwright/test';

export interface Watch {
  /** Problems that this journey provokes on purpose, by a part of their text. */
  readonly allow: (text: string) => void;
}

export const test = base.extend<{ readonly watch: Watch }>({
  watch: [
    async ({ page, baseURL }, use) => {
      const seen: string[] = [];
      const allowed: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') seen.push(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => seen.push(`page error: ${error.message}`));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(baseURL ?? '') && !/^(data|blob):/.test(url)) seen.push(`foreign request: ${url}`);
      });
      page.on('response', (response) => {
        if (response.status() >= 400) seen.push(`failed request: ${response.status()} ${response.url()}`);
      });
      await use({ allow: (text) => allowed.push(text) });
      expect(seen.filter((text) => !allowed.some((part) => text.includes(part)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Opens the page and waits until the first live evaluation stands on it. */
export async function open(page: Page, address = '/'): Promise<void> {
  await page.goto(address);
  await expect(page.getByRole('slider', { name: /^Rank/ }).first()).toBeVisible();
}
