/** Kernels of our own on this device, where there is no graphics card: a layer, the measured axis, stopping. */
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, open, openBert, test } from './page.ts';

const section = (page: Page): Locator =>
  page.getByRole('region', { name: 'Compare' }).locator('details.device');

async function openSection(page: Page): Promise<Locator> {
  await section(page).getByText('Measure on this device').click();
  await expect(section(page).getByRole('button', { name: 'Measure', exact: true })).toBeVisible();
  return section(page);
}

test('the layer in focus is measured by WebAssembly, and why by that is said', async ({ page }) => {
  await open(page);
  const panel = await openSection(page);
  await expect(panel.getByRole('table')).toHaveCount(0);
  await panel.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(
    panel.getByText(
      /^On this device \(WebAssembly\) the factorized one is .*; \S+ is modelled \d.*faster\.$/,
    ),
  ).toBeVisible({ timeout: 40_000 });
  await expect(panel.getByText(/^Chosen because this browser has no WebGPU adapter/)).toBeVisible();
  const now = panel.getByRole('row', { name: /^Now/ });
  await expect(now).toContainText(/\d%/);
  await expect(now).toContainText(/\d×/);
  await expect(panel.getByText(/^Roof of this device, by the same kernels: [\d.,]+ GFLOP\/s/)).toBeVisible();
  await panel.getByText('Paths and fusion').click();
  await expect(panel.getByText('bi,ir→br')).toBeVisible();
  expect((await new AxeBuilder({ page }).include('details.device').analyze()).violations).toEqual([]);

  // Another engine's figures stand beside it.
  await panel.getByRole('combobox', { name: 'Engine to measure on' }).selectOption('js');
  await panel.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(panel.getByText(/^On this device \(JavaScript\)/)).toBeVisible({ timeout: 40_000 });
  await expect(panel.getByRole('table')).toHaveCount(2);
});

test('the roof is measured once and kept', async ({ page }) => {
  await open(page);
  const roof = /^Roof of this device.*Measure it again$/;
  await (await openSection(page)).getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(section(page).getByText(roof)).toBeVisible({ timeout: 40_000 });
  const said = await section(page).getByText(roof).textContent();
  await page.reload();
  await (await openSection(page)).getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(section(page).getByText(roof)).toHaveText(said ?? '', { timeout: 40_000 });
});

test('delay measured here is an axis of its own, of measured designs only', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Pin current' }).click();
  await page.getByRole('button', { name: 'Delay here' }).click();
  await expect(page.getByText('Nothing measured on this device yet')).toBeVisible();
  await page.getByRole('button', { name: 'Measure this' }).click();
  const picture = page.getByRole('img', { name: /^Delay measured on this device \(WebAssembly\)/ });
  await expect(picture).toBeVisible({ timeout: 50_000 });
  expect((await new AxeBuilder({ page }).include('.pareto-panel').analyze()).violations).toEqual([]);
  await page.getByRole('button', { name: 'Table' }).click();
  const table = page.getByRole('region', { name: 'Designs measured on this device' });
  await expect(table.getByRole('row')).toHaveCount(3);
  await expect(table.getByRole('row', { name: /^Dense 1\.00× .* reference/ })).toBeVisible();
  // Back on the modelled axis the search's frontier is there again.
  await page.getByRole('button', { name: 'Delay', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Frontier as a table' })).toBeVisible();
});

test('nothing runs before it is asked for, and it stops at once', async ({ page }) => {
  await openBert(page);
  const panel = await openSection(page);
  await panel.getByRole('radio', { name: 'Model and pins' }).click();
  await expect(panel.getByRole('progressbar')).toHaveCount(0);
  await panel.getByRole('button', { name: 'Measure', exact: true }).click();
  await panel.getByRole('button', { name: 'Stop' }).click();
  await expect(panel.getByRole('button', { name: 'Measure', exact: true })).toBeVisible({ timeout: 500 });
  await expect(panel.getByRole('table')).toHaveCount(0);
});
