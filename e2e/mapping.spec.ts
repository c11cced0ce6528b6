/** Edits a loop nest by hand as a what-if, and reads how our counts compare with those of other tools. */
import AxeBuilder from '@axe-core/playwright';
import { devices, type Locator, type Page } from '@playwright/test';
import { openingConfig } from '../src/state/defaults.ts';
import { setExecution } from '../src/state/edits.ts';
import { encodeLink } from '../src/state/url.ts';
import { dialog, expect, figures, open, openBert, read, save, steps, test, type, typedRank } from './page.ts';

const inside = (page: Page): Locator => page.getByRole('region', { name: 'Inside one matrix' });

async function editLoops(page: Page): Promise<Locator> {
  await inside(page).getByRole('button', { name: 'Edit the loops' }).first().click();
  await expect(dialog(page)).toBeVisible();
  return dialog(page);
}

const factor = (nest: Locator, kind: 'Temporal' | 'Spatial', dim: string, level: string): Locator =>
  nest.getByRole('textbox', { name: `${kind} factor of ${dim} at ${level}`, exact: true });

/** `Energy`, `Latency`, `EDP` or `MACs busy`: the cells by hand, the mapper's, their ratio. */
const row = (nest: Locator, name: string): Locator =>
  nest
    .getByRole('table', { name: /^By hand/ })
    .getByRole('row', { name: new RegExp(`^${name}`) })
    .getByRole('cell');

const violations = async (page: Page): Promise<readonly string[]> =>
  (await new AxeBuilder({ page }).analyze()).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );

test('another loop nest is counted at once, and no part of the design', async ({ page }) => {
  await openBert(page);
  const before = await figures(page);
  const nest = await editLoops(page);
  const address = page.url();
  await expect(row(nest, 'EDP').last()).toHaveText('1.00×');
  const reset = nest.getByRole('button', { name: "Back to the mapper's" });
  await expect(reset).toBeDisabled();

  // Fewer rows at the accumulators: the outermost loop takes the rest, weights are fetched more often.
  const rows = factor(nest, 'Temporal', 'M', 'AccBuf');
  const whole = Number(await rows.inputValue());
  await rows.press('ArrowDown');
  await expect(rows).toHaveValue(String(whole / 2));
  await expect(factor(nest, 'Temporal', 'M', 'DRAM')).toHaveValue('2');
  await expect(row(nest, 'EDP').last()).not.toHaveText('1.00×');
  await expect(nest.getByText(/^DRAM bounds the latency: one instance must read/)).toBeVisible();
  await expect(reset).toBeEnabled();

  // The order counts too: with rows innermost at DRAM the weights stay.
  const ratio = await read(row(nest, 'EDP').last());
  await nest.getByRole('button', { name: 'Swap N and M at DRAM' }).click();
  await expect(row(nest, 'EDP').last()).not.toHaveText(ratio);

  const accesses = nest.getByText('Accesses', { exact: true });
  await accesses.click();
  await expect(nest.getByRole('table', { name: 'Accesses by hand' }).getByRole('row')).toHaveCount(11);
  await expect(nest.getByText(/Counted as Timeloop does: .* AccelForge would add [\d.]+%/)).toBeVisible();
  expect(await violations(page)).toEqual([]);

  await reset.click();
  await expect(row(nest, 'EDP').last()).toHaveText('1.00×');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  expect(await figures(page)).toEqual(before);
  expect(page.url()).toBe(address);
  await expect(steps(page)).toHaveCount(1);
});

test('an impossible nest is explained and the last good figures stay', async ({ page }) => {
  await openBert(page);
  const nest = await editLoops(page);
  await factor(nest, 'Temporal', 'M', 'AccBuf').press('ArrowDown');
  const energy = await read(row(nest, 'Energy').first());
  await expect(nest.getByRole('alert')).toHaveCount(0);
  for (const [place, wrong, reason] of [
    [factor(nest, 'Temporal', 'N', 'AccBuf'), '64', /level DRAM: the loops over N .* multiply out/],
    [factor(nest, 'Temporal', 'M', 'GLB'), 'two', /level GLB: the factor of M must be a whole number/],
    [factor(nest, 'Spatial', 'K', 'GLB'), '32', /level GLB: spatial loops must split/],
    [factor(nest, 'Temporal', 'N', 'GLB'), '16', /level GLB: the kept tiles must fit its 65536 words/],
  ] as const) {
    const right = await place.inputValue();
    await place.fill(wrong);
    await expect(nest.getByRole('alert')).toHaveText(reason);
    await expect(row(nest, 'Energy').first()).toHaveText(energy);
    await place.fill(right);
    await nest.getByRole('button', { name: "Back to the mapper's" }).click();
    await factor(nest, 'Temporal', 'M', 'AccBuf').press('ArrowDown');
    await expect(nest.getByRole('alert')).toHaveCount(0);
  }
  // What was edited is still there when the nest is opened again.
  await page.keyboard.press('Escape');
  await editLoops(page);
  await expect(row(nest, 'Energy').first()).toHaveText(energy);
});

test('a nest goes out as JSON and comes back', async ({ page }) => {
  await openBert(page);
  const nest = await editLoops(page);
  await factor(nest, 'Temporal', 'M', 'AccBuf').press('ArrowDown');
  const edp = await read(row(nest, 'EDP').first());
  const file = await save(page, nest.getByRole('button', { name: 'Save as mapping.json' }));
  expect(file.name).toBe('mapping.json');
  const levels = JSON.parse(file.text) as readonly { readonly level: string }[];
  expect(levels.map(({ level }) => level)).toEqual(['DRAM', 'GLB', 'InBuf', 'WBuf', 'AccBuf', 'WReg']);
  await expect(nest.getByText(/^The command line counts the same: rankscape cost --gemm/)).toBeVisible();

  await nest.getByRole('button', { name: "Back to the mapper's" }).click();
  const text = nest.getByRole('textbox', { name: 'Paste a mapping as JSON' });
  const use = nest.getByRole('button', { name: 'Use this mapping' });
  for (const [bad, reason] of [
    ['[', /must be JSON/],
    ['[]', /must list the 6 levels/],
    ['[{"level": "DRAM", "temporal": [["M"]]}]', /level DRAM.*\[dim, bound\]/],
    [file.text.replace('"GLB"', '"L2"'), /must be GLB, got "L2"/],
  ] as const) {
    await text.fill(bad);
    await use.click();
    await expect(nest.getByRole('alert')).toHaveText(reason);
  }
  await text.fill(file.text);
  await use.click();
  await expect(row(nest, 'EDP').first()).toHaveText(edp);
  await expect(nest.getByRole('alert')).toHaveCount(0);
});

test('the accesses of the chosen step stand under it', async ({ page }) => {
  await openBert(page);
  await inside(page).getByText('Accesses', { exact: true }).click();
  await expect(inside(page).getByText(/bounds? the latency:/)).toBeVisible();
  const table = inside(page).getByRole('table', { name: /^Accesses of step/ });
  await expect(table.getByRole('columnheader')).toHaveCount(10);
  await expect(table.getByRole('row', { name: /DRAM/ })).toContainText('unlimited');
});

test('the ranks at which the bound changes are named, and are those', async ({ page }) => {
  const config = setExecution(openingConfig('glyph-vit', 'ws8t'), { fusion: true });
  await open(page, `/${encodeLink(config)}`);
  await expect(
    inside(page).getByText(/The MACs bound the layer; at rank r \d+ and below DRAM does\./),
  ).toBeVisible({
    timeout: 20_000,
  });
  const said = await read(inside(page).getByText(/The MACs bound the layer; at rank r/));
  const last = /at rank r (\d+) and below/.exec(said)?.[1] ?? '';
  await type(typedRank(page), last);
  await expect(
    inside(page).getByText(
      new RegExp(`DRAM bounds the layer; from rank r ${Number(last) + 1} on the MACs do`),
    ),
  ).toBeVisible();
  await expect(inside(page).getByText(/The layer runs .* under the roof of DRAM/)).toBeVisible();
});

test('all layers stand in one table that adds up to the model', async ({ page }) => {
  await openBert(page);
  const [, , , energy, delay] = await figures(page);
  const leading = (text = ''): string => /^[\d.]+/.exec(text.trim())?.[0] ?? text;
  await inside(page).getByText('All layers: rooflines', { exact: false }).first().click();
  await expect(inside(page).getByText(/linear layers run [\d,.]+ of 1,024 MACs per cycle/)).toBeVisible();
  const table = inside(page).getByRole('table', { name: /^All layers/ });
  await expect(table.getByRole('row', { name: /^FFN1 1-12 SVD/ })).toBeVisible();
  await expect(table.getByRole('row', { name: /^Attention products/ })).toBeVisible();
  const model = table.getByRole('row', { name: /^Model/ });
  await expect(model.getByRole('cell', { name: leading(energy), exact: true })).toBeVisible();
  await expect(model.getByRole('cell', { name: leading(delay), exact: true })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test.describe('on a phone', () => {
  const { viewport, deviceScaleFactor, isMobile, hasTouch } = devices['iPhone 13'];
  test.use({ viewport, deviceScaleFactor, isMobile, hasTouch });

  test('loops are edited and compared without a sideways scroll', async ({ page }) => {
    await openBert(page);
    await page.getByRole('tab', { name: 'Inside' }).click();
    const nest = await editLoops(page);
    await factor(nest, 'Temporal', 'M', 'AccBuf').fill('16');
    await expect(factor(nest, 'Temporal', 'M', 'DRAM')).toHaveValue('8');
    await expect(row(nest, 'EDP').last()).not.toHaveText('1.00×');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    expect(await violations(page)).toEqual([]);
  });
});

test('our counts beside those of other tools, filtered and totalled', async ({ page }) => {
  await openBert(page);
  await page.getByRole('banner').getByRole('button', { name: 'Help' }).click();
  await dialog(page)
    .getByRole('button', { name: /Timeloop and AccelForge/ })
    .click();
  const validation = page.getByRole('dialog', { name: 'Validation' });
  await expect(validation.getByText(/^213 mappings: 9,318 of 9,318 counts equal/)).toBeVisible();
  const counts = validation.getByRole('table', { name: 'Counts, case by case' }).getByRole('row');
  await expect(counts).toHaveCount(214);
  await validation.getByRole('combobox', { name: 'Machine' }).selectOption('simba');
  await expect(counts).toHaveCount(54);
  await validation.getByRole('searchbox', { name: 'Filter' }).fill('no such case');
  await expect(validation.getByText('No case is left by the filter.')).toBeVisible();
  await validation.getByRole('searchbox', { name: 'Filter' }).fill('');
  await validation.getByRole('combobox', { name: 'Machine' }).selectOption('all');
  expect(await violations(page)).toEqual([]);
  await validation.getByRole('radio', { name: 'Optima' }).click();
  await expect(validation.getByText(/^94 GEMMs: 94 at the proven optimum/)).toBeVisible();
  await expect(validation.getByText('node scripts/validation.mjs')).toBeVisible();
});
