/** Steps that share loops: their nests are drawn, edited and explained; a search's frontier is counted as the design is. */
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { openingConfig } from '../src/state/defaults.ts';
import { setExecution, setModel, setWorkload } from '../src/state/edits.ts';
import { encodeLink } from '../src/state/url.ts';
import { dialog, expect, figure, open, read, search, test } from './page.ts';

/** One 96 x 96 layer whose intermediate does not fit the 4 KiB of ws8t whole. */
const layer = setModel(openingConfig('glyph-vit', 'ws8t'), { kind: 'gemm', n: 96, k: 96 });
const sharing = setExecution(
  setWorkload(
    { ...layer, design: [{ format: 'svd', outModes: [96], inModes: [96], ranks: [48] }] },
    { tokens: 144 },
  ),
  { fusion: true, sharedLoops: true },
);
const link = `/${encodeLink(sharing)}`;

const inside = (page: Page): Locator => page.getByRole('region', { name: 'Inside one matrix' });
const row = (nest: Locator, name: string): Locator =>
  nest
    .getByRole('table', { name: /^By hand/ })
    .getByRole('row', { name: new RegExp(`^${name}`) })
    .getByRole('cell');

test('the shared loops stand around the nests of their steps, which are chosen and edited there', async ({
  page,
}) => {
  await open(page, link);
  const panel = inside(page);
  const nest = panel.getByRole('group', { name: /^Loop nest of step/ });
  await expect(nest.getByText(/^for b in \d+$/)).toBeVisible();
  await expect(nest.getByText('tile 1→2')).toBeVisible();
  await expect(panel.getByText(/words pass through GLB in tiles of/)).toBeVisible();
  const group = nest.getByRole('group', { name: 'Steps inside the shared loops' });
  await group.getByRole('button', { name: /^2 U/ }).click();
  await expect(group.getByRole('button', { name: /^2 U/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(panel.getByRole('group', { name: 'Loop nest of step 2' })).toBeVisible();

  await panel.getByRole('button', { name: 'Edit the loops' }).click();
  const editor = dialog(page);
  await expect(
    editor.getByText(/are shared by steps 1 and 2\. .*the figures are of all of them/),
  ).toBeVisible();
  await expect(row(editor, 'EDP').last()).toHaveText('1.00×');
  const outermost = editor.getByRole('textbox', { name: 'Temporal factor of M at DRAM' });
  const before = await outermost.inputValue();
  const inner = editor.getByRole('textbox', { name: 'Temporal factor of M at GLB' });
  await inner.press('ArrowUp');
  await expect(outermost).not.toHaveValue(before);
  // A tile that large has no room beside the one between the steps, and the level is named.
  await inner.fill('999');
  await expect(editor.getByRole('alert')).toContainText(/mapping level|mapping/);
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([]);
  await editor.getByRole('button', { name: "Back to the mapper's" }).click();
  await expect(row(editor, 'EDP').last()).toHaveText('1.00×');
  await editor.getByText('Accesses', { exact: true }).click();
  await expect(editor.getByText(/Counts are of all \d+ iterations of the shared loops/)).toBeVisible();
});

test('other divisors for the shared loops are mapped anew at once, and loops without room are explained', async ({
  page,
}) => {
  await open(page, link);
  await inside(page).getByRole('button', { name: 'Edit the loops' }).click();
  const editor = dialog(page);
  const rows = editor.getByRole('combobox', { name: 'Shared factor of b' });
  const mappers = await rows.inputValue();
  await rows.selectOption('12');
  await expect(
    editor.getByText(/Steps 1 and 2 together under these loops, mapped anew: .*EDP \d\.\d+×/),
  ).toBeVisible();
  await expect(row(editor, 'EDP').last()).not.toHaveText('1.00×');
  // The nest below is the one of the smaller tile, and can be edited too.
  const outermost = editor.getByRole('textbox', { name: 'Temporal factor of M at DRAM' });
  await expect(outermost).toBeVisible();
  await expect(editor.getByText(/^M 12, /)).toBeVisible();
  await rows.selectOption('1');
  await expect(editor.getByRole('alert')).toHaveText(
    /^GLB: with 1 iteration the tile 1→2 takes 6,912 of its 4,096 words/,
  );
  await expect(editor.getByText(/^M 12, /)).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([]);
  await editor.getByRole('button', { name: "Back to the mapper's" }).click();
  await expect(rows).toHaveValue(mappers);
  await expect(editor.getByRole('alert')).toHaveCount(0);
  await expect(row(editor, 'EDP').last()).toHaveText('1.00×');
});

test('a frontier is counted as the design on screen, and the cloud is said to be counted otherwise', async ({
  page,
}) => {
  await open(page, link);
  await search(page, 60);
  const bar = page.getByRole('region', { name: 'Search' });
  await expect(bar.getByText(/^The frontier shares loops, as the design on screen does/)).toBeVisible();
  // Taken over, a point of the frontier keeps its figures.
  await page.getByRole('button', { name: 'Knee' }).click();
  const reduction = await read(figure(page, 'EDP reduction'));
  const label = await read(page.getByRole('navigation', { name: 'History' }).getByRole('button').last());
  expect(label).toContain(reduction.replace(/×.*/, ''));
});
