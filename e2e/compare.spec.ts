/** Pins designs, reads them side by side, takes them out as files. */
import {
  expect,
  figure,
  figures,
  formatNamed,
  open,
  openBert,
  read,
  save,
  test,
  type,
  typedRank,
} from './page.ts';

test('pins stand beside the current design and can be taken up again', async ({ page }) => {
  await openBert(page);
  const pin = page.getByRole('button', { name: 'Pin current', exact: true });
  const compare = page.getByRole('region', { name: 'Compare' });
  await pin.click();
  const pinned = await read(figure(page, 'EDP reduction', 'A'));
  expect(pinned).toBe(await read(figure(page, 'EDP reduction')));
  await type(typedRank(page), '48');
  await pin.click();
  await formatNamed(page, 'Block-term').click();
  await expect(figure(page, 'EDP reduction', 'A')).toHaveText(pinned);
  expect(await read(figure(page, 'EDP reduction', 'B'))).not.toBe(pinned);

  // Differences from any of them, layer by layer.
  await compare.getByRole('combobox', { name: 'difference from' }).selectOption('A');
  await expect(figure(page, 'EDP reduction', 'A')).toContainText('reference');
  await expect(compare.getByText(/^12 of 73 differ from/)).toBeVisible();
  await compare.getByText(/^12 of 73 differ from/).click();
  await expect(compare.getByRole('listitem').filter({ hasText: /FFN1.*SVD.*→.*Block-term/ })).toBeVisible();
  await expect(compare.getByRole('table', { name: /^Energy by memory level/ })).toContainText('DRAM');
  await expect(compare.getByText(/Now has .* EDP than A/)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Inside one matrix' }).getByRole('article')).toHaveCount(3);

  const now = await figures(page);
  await page.getByRole('button', { name: 'Pin B: make it the current design' }).click();
  await expect(formatNamed(page, 'SVD')).toBeChecked();
  await expect(typedRank(page)).toHaveValue('48');
  await page.keyboard.press('Control+z');
  await expect.poll(() => figures(page)).toEqual(now);

  await pin.click();
  await pin.click();
  await expect(pin).toBeDisabled();
  await page.getByRole('button', { name: 'Unpin A', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Unpin A', exact: true })).toHaveCount(0);
  await expect(pin).toBeEnabled();
  await expect(compare.getByRole('combobox', { name: 'difference from' })).toHaveValue('dense');
});

test('the comparison, the frontier and the plot leave as files', async ({ page, watch }) => {
  // Reading the saved drawing below, in a page that allows itself no inline styles.
  watch.allow('Applying inline style violates');
  await open(page);
  await page.getByRole('button', { name: 'Pin current', exact: true }).click();
  const get = (name: string) => save(page, page.getByRole('button', { name: `Download the ${name}` }));
  const table = await get('comparison as CSV');
  expect(table.name).toMatch(/^rankscape-.*\.csv$/);
  expect(table.text.split(/\r?\n/)[0]).toMatch(/Dense.*Now.*A/i);
  const json = JSON.parse((await get('comparison as JSON')).text) as Record<string, unknown>;
  expect(JSON.stringify(json)).toContain('#v1.');
  const frontier = (await get('frontier as CSV')).text.trim().split(/\r?\n/);
  expect(frontier.length).toBeGreaterThan(3);
  for (const line of frontier) expect(line).not.toMatch(/NaN|Infinity|undefined/);
  const svg = (await get('plot as SVG')).text;
  const sound = await page.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    return parsed.querySelector('parsererror') === null && parsed.querySelectorAll('path').length > 2;
  }, svg);
  expect(sound).toBe(true);
  expect(svg).not.toContain('var(--');
});

test('inside one matrix: the steps, their loop nests and the next matrix', async ({ page }) => {
  await openBert(page);
  await formatNamed(page, 'Tucker').click();
  const inside = page.getByRole('region', { name: 'Inside one matrix' });
  await expect(inside.getByRole('heading')).toHaveText('Inside FFN1, layer 1');
  const steps = inside.getByRole('table', { name: 'Steps of the contraction path' }).getByRole('button');
  await expect(steps).toHaveCount(5);
  for (const step of [0, 2]) {
    await steps.nth(step).click();
    await expect(steps.nth(step)).toHaveAttribute('aria-pressed', 'true');
    await expect(inside.getByRole('group', { name: `Loop nest of step ${step + 1}` })).toContainText('DRAM');
  }
  await inside.getByRole('button', { name: 'Show FFN1, layer 2' }).click();
  await expect(inside.getByRole('heading')).toHaveText('Inside FFN1, layer 2');
});
