/**
 * The page under test: every journey runs with a watch on the console, on failed requests and on foreign hosts, and
 * fails when anything is seen. Below it, what the journeys have in common: the places of the page, by role and name.
 */
import { readFile } from 'node:fs/promises';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { openingConfig } from '../src/state/defaults.ts';
import { encodeLink } from '../src/state/url.ts';

export interface Watch {
  /** Problems that this journey provokes on purpose, by a part of their text. */
  readonly allow: (text: string) => void;
  /** Another origin that is ours too. */
  readonly home: (origin: string) => void;
}

export const test = base.extend<{ readonly watch: Watch }>({
  watch: [
    async ({ context, baseURL }, use) => {
      const seen: string[] = [];
      const allowed: string[] = [];
      const homes = [new URL(baseURL ?? '').origin];
      context.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning')
          seen.push(`console: ${message.text()} ${message.location().url}`);
      });
      context.on('weberror', (error) => seen.push(`page error: ${error.error().message}`));
      context.on('request', (request) => {
        const url = request.url();
        if (!/^(data|blob):/.test(url) && !homes.includes(new URL(url).origin))
          seen.push(`foreign request: ${url}`);
      });
      context.on('response', (response) => {
        if (response.status() >= 400) seen.push(`failed request: ${response.status()} ${response.url()}`);
      });
      await use({ allow: (text) => allowed.push(text), home: (origin) => homes.push(origin) });
      expect(seen.filter((text) => !allowed.some((part) => text.includes(part)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Opens the page and waits until the first live evaluation stands on it. */
export async function open(page: Page, address = ''): Promise<void> {
  await page.goto(address);
  await expect(rank(page)).toBeVisible();
}

/** BERT-base on simba at 128 tokens: shapes without weights or task, so weight energy is the vertical axis. */
export const bertLink = encodeLink(openingConfig('bert-base', 'simba'));

/** Opens the page on BERT-base as a link brings it. */
export const openBert = (page: Page): Promise<void> => open(page, `/${bertLink}`);

// Places of the page

export const rank = (page: Page): Locator => page.getByRole('slider', { name: /^Rank r/ }).first();
export const typedRank = (page: Page): Locator =>
  page.getByRole('textbox', { name: /^Value of rank/ }).first();
export const plot = (page: Page): Locator => page.getByRole('slider', { name: /^Pareto plot/ });
export const grid = (page: Page): Locator => page.getByRole('grid', { name: /^Matrices/ });
export const formatNamed = (page: Page, name: string): Locator =>
  page.getByRole('radiogroup', { name: 'Format' }).getByRole('radio', { name: new RegExp(`^${name}\\b`) });
export const dialog = (page: Page): Locator => page.getByRole('dialog');
/** The steps that were taken, as the bottom line names them. */
export const steps = (page: Page): Locator =>
  page.getByRole('navigation', { name: 'History' }).getByRole('button');
export const undo = (page: Page): Locator => page.getByRole('button', { name: /^Undo/ });
export const redo = (page: Page): Locator => page.getByRole('button', { name: /^Redo/ });
export const notices = (page: Page): Locator => page.getByRole('region', { name: 'Notices' });

const columns = ['Dense', 'Now', 'A', 'B', 'C', 'D'] as const;

/** One figure of the comparison: `figure(page, 'EDP reduction', 'Now')`. Pins must be A, B, ... in this order. */
export const figure = (page: Page, row: string, column: (typeof columns)[number] = 'Now'): Locator =>
  page
    .getByRole('table', { name: /^Figures of each design/ })
    .getByRole('row', { name: new RegExp(`^${row}`) })
    .getByRole('cell')
    .nth(columns.indexOf(column));

/** The text of an element, as `toHaveText` compares it. */
export const read = async (place: Locator): Promise<string> => (await place.textContent()) ?? '';

/** The text of the current design's figures, to compare two designs or two pages. */
export const figures = (page: Page): Promise<readonly string[]> =>
  Promise.all(
    [
      'EDP reduction',
      '(?:Weight energy|Accuracy)',
      'Band',
      'Energy',
      'Delay',
      'Parameters',
      'Weights',
      'MACs',
    ].map((row) => read(figure(page, row))),
  );

// Things that are done in many journeys

/** Opens one of the dialogs that the selectors of the top bar open. */
export async function openSelector(page: Page, name: 'Model' | 'Accelerator' | 'Workload'): Promise<Locator> {
  await page
    .getByRole('banner')
    .getByRole('button', { name: new RegExp(`^${name} `) })
    .click();
  await expect(dialog(page)).toBeVisible();
  return dialog(page);
}

/** Presses on a slider and moves to a share of its length, without letting go. */
export async function dragTo(page: Page, slider: Locator, shares: readonly number[]): Promise<void> {
  const box = await slider.boundingBox();
  if (box === null) throw new Error('the slider is not on screen');
  const y = box.y + Math.min(12, box.height / 2);
  for (const [i, share] of shares.entries()) {
    await page.mouse.move(box.x + share * box.width, y);
    if (i === 0) await page.mouse.down();
  }
}

/** Types a value into a field and enters it. */
export async function type(field: Locator, text: string): Promise<void> {
  await field.fill(text);
  await field.press('Enter');
}

/** Presses a button that saves a file. */
export async function save(
  page: Page,
  button: Locator,
): Promise<{ readonly name: string; readonly text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

/** Opens the page on one small layer, which is searched in a moment. */
export async function openSmall(page: Page): Promise<void> {
  await open(page);
  const models = await openSelector(page, 'Model');
  for (const [name, value] of [
    [/^M, rows/, '16'],
    [/^N, outputs/, '192'],
    [/^K, inputs/, '64'],
  ] as const)
    await models.getByRole('textbox', { name }).fill(value);
  await models.getByRole('button', { name: 'Use this layer' }).click();
  await expect(models).toBeHidden();
}

/** Runs the search to its end with this many evaluations at most. */
export async function search(page: Page, budget: number): Promise<void> {
  await type(page.getByRole('textbox', { name: 'Search budget in evaluations' }), String(budget));
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(
    page
      .getByRole('region', { name: 'Search' })
      .getByText(/^Finished/)
      .first(),
  ).toBeVisible({
    timeout: 30_000,
  });
}

/** The rank on screen. */
export const rankValue = async (page: Page): Promise<number> => Number(await rank(page).inputValue());
