/** Takes a model out of the page: written, checked, loaded back; and times it on this device. */
import { readFile } from 'node:fs/promises';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { dialog, expect, figure, grid, open, openSelector, read, save, test } from './page.ts';

const compare = (page: Page): Locator => page.getByRole('region', { name: 'Compare' });

/** The shipped model on screen, as a visitor takes it. */
async function openGlyphs(page: Page): Promise<void> {
  await open(page);
  const models = await openSelector(page, 'Model');
  await models.getByRole('button', { name: /^Glyph-ViT/ }).click();
  await expect(page.getByRole('button', { name: /^Model Glyph-ViT/ })).toBeVisible();
}

async function openExport(page: Page): Promise<Locator> {
  await compare(page).getByRole('button', { name: 'Export model' }).click();
  await expect(dialog(page)).toBeVisible();
  return dialog(page);
}

test('a shipped model goes out as ONNX, checked, and comes back by drop as what it was', async ({ page }) => {
  await openGlyphs(page);
  const roles = await grid(page).getByRole('rowheader').allTextContents();
  const parameters = await read(figure(page, 'Parameters'));
  const box = await openExport(page);
  await expect(box.getByText(/linear layers are factorized/)).toBeVisible();
  await box.getByRole('button', { name: 'Make the file' }).click();
  const file = box.getByRole('button', {
    name: /^Download [\d.]+ kB, differs by \de−\d from the same matrices/,
  });
  await expect(file).toBeVisible({ timeout: 40_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), file.click()]);
  expect(download.suggestedFilename()).toBe('glyph_vit_factorized.onnx');
  const bytes = await readFile(await download.path());
  // What the file says of itself.
  expect(bytes.includes('rankscape')).toBe(true);
  expect(bytes.length).toBeLessThan(1_300_000);
  expect((await new AxeBuilder({ page }).include('dialog').analyze()).violations).toEqual([]);
  await page.keyboard.press('Escape');

  const models = await openSelector(page, 'Model');
  await models
    .locator('input[type=file]')
    .setInputFiles({ name: 'back.onnx', mimeType: 'application/octet-stream', buffer: bytes });
  await expect(page.getByRole('button', { name: 'Model back.onnx', exact: true })).toBeVisible();
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  // The same layers again, the factorized ones as what they are.
  const back = await grid(page).getByRole('rowheader').allTextContents();
  expect(back.toSorted()).toEqual(roles.toSorted());
  await expect(figure(page, 'Parameters')).toHaveText(parameters);
  await expect(figure(page, 'MACs', 'Dense')).not.toHaveText(await read(figure(page, 'MACs')));
});

test('shapes without weights say so, and give the design instead', async ({ page }) => {
  await open(page);
  const models = await openSelector(page, 'Model');
  await models.getByRole('button', { name: /^BERT-base/ }).click();
  const box = await openExport(page);
  await expect(box.getByText(/is known by its shapes only: there are no weights to export/)).toBeVisible();
  const design = await save(page, box.getByRole('button', { name: 'Design file (JSON)' }));
  const { layers } = JSON.parse(design.text) as { readonly layers: readonly { readonly name: string }[] };
  expect(layers.length).toBeGreaterThan(0);
  const table = await save(page, box.getByRole('button', { name: 'Layers (CSV)' }));
  expect(table.text.split('\r\n')).toHaveLength(layers.length + 2);
  const cited = await save(page, box.getByRole('button', { name: 'Citation (BibTeX)' }));
  expect(cited.text).toContain('@software{rankscape');
});

test('figures go out as they stand, with their colours', async ({ page }) => {
  await openGlyphs(page);
  const box = await openExport(page);
  const network = await save(page, box.getByRole('button', { name: /^SVG of Tensor network/ }));
  expect(network.text).toMatch(/^<svg /);
  expect(network.text).toMatch(/<circle[^>]* stroke="(?:rgb|color|oklch)/);
  expect(network.text).not.toContain('var(--');
  const picture = box.getByRole('button', { name: 'PNG of Frontier' });
  const [download] = await Promise.all([page.waitForEvent('download'), picture.click()]);
  expect([...(await readFile(await download.path())).subarray(0, 4)]).toEqual([137, 80, 78, 71]);
});

test('the layer in focus is timed on WASM, when it is asked for', async ({ page }) => {
  await openGlyphs(page);
  const section = compare(page).locator('.latency');
  await section.getByText('Run on this device').click();
  await expect(section.getByRole('table')).toHaveCount(0);
  await section.getByRole('button', { name: 'Measure' }).click();
  await expect(
    section.getByText(/^On this device \(WASM, (?:one thread|\d threads)\) the factorized layer is/),
  ).toBeVisible({
    timeout: 40_000,
  });
  await expect(section.getByRole('row', { name: /^WASM, / })).toContainText(/\d×/);
  expect((await new AxeBuilder({ page }).include('.latency').analyze()).violations).toEqual([]);
});

test('an export and a measurement stop at once', async ({ page }) => {
  await openGlyphs(page);
  const box = await openExport(page);
  await box.getByRole('button', { name: 'Make the file' }).click();
  await box.getByRole('button', { name: 'Cancel' }).click();
  await expect(box.getByRole('button', { name: 'Make the file' })).toBeVisible({ timeout: 500 });
  await page.keyboard.press('Escape');
  const section = compare(page).locator('.latency');
  await section.getByText('Run on this device').click();
  await section.getByRole('radio', { name: 'Whole model' }).click();
  await section.getByRole('button', { name: 'Measure' }).click();
  await section.getByRole('button', { name: 'Stop' }).click();
  await expect(section.getByRole('button', { name: 'Measure' })).toBeVisible({ timeout: 500 });
});
