/** Chooses what is factorized: a shape card, a transformer by its numbers, a single layer. */
import {
  dialog,
  expect,
  figure,
  grid,
  open,
  openBert,
  openSelector,
  rank,
  read,
  steps,
  test,
  undo,
} from './page.ts';

test('every shape card opens, and undo brings the design back', async ({ page }) => {
  await open(page);
  const first = await read(figure(page, 'EDP reduction'));
  const names = await (
    await openSelector(page, 'Model')
  )
    .getByRole('group', { name: 'Shape cards' })
    .getByRole('button')
    .locator('b')
    .allInnerTexts();
  expect(names.length).toBeGreaterThanOrEqual(6);
  await page.keyboard.press('Escape');
  for (const name of names.filter((each) => !each.startsWith('Glyph-ViT'))) {
    const models = await openSelector(page, 'Model');
    await models.getByRole('group', { name: 'Shape cards' }).getByText(name, { exact: true }).click();
    await expect(dialog(page)).toBeHidden();
    await expect(steps(page).last()).toHaveText(`Model ${name}`);
    await expect(figure(page, 'EDP reduction')).toContainText('×');
  }
  await steps(page).first().click();
  await expect(page.getByRole('button', { name: 'Model Glyph-ViT, 96 wide', exact: true })).toBeVisible();
  await expect(figure(page, 'EDP reduction')).toHaveText(first);
});

test('a transformer by its numbers, with the wrong number named', async ({ page }) => {
  await openBert(page);
  const models = await openSelector(page, 'Model');
  const use = models.getByRole('button', { name: 'Use this transformer' });
  const field = (name: string) => models.getByRole('textbox', { name, exact: true });
  await field('Width').fill('256');
  await field('Layers').fill('3');
  await field('Feed-forward width').fill('512');
  for (const [name, wrong, right, rule] of [
    ['Heads', '7', '8', /width must be a multiple of the 7 heads/],
    ['Key-value heads', '5', '4', /heads must be a multiple of the 5 kvHeads/],
    ['Layers', '1e99', '3', /layers/],
    ['Vocabulary (0: none)', '-1', '1000', /vocabulary/],
    ['Width', '', '256', /width/],
  ] as const) {
    await models.getByRole('textbox', { name, exact: true }).fill(wrong);
    await expect(models.getByRole('alert').filter({ hasText: rule })).toBeVisible();
    await expect(use).toBeDisabled();
    await models.getByRole('textbox', { name, exact: true }).fill(right);
  }
  await models.getByRole('checkbox', { name: /^Gated/ }).check();
  await use.click();
  await expect(dialog(page)).toBeHidden();
  await expect(grid(page).getByRole('columnheader', { name: /^Layer \d+$/ })).toHaveCount(3);
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  await rank(page).press('PageDown');
  await undo(page).click();
  await undo(page).click();
  await expect(grid(page).getByRole('columnheader', { name: /^Layer \d+$/ })).toHaveCount(12);
});

test('one layer of any size', async ({ page }) => {
  await openBert(page);
  const models = await openSelector(page, 'Model');
  const field = (name: RegExp) => models.getByRole('textbox', { name });
  await field(/^M, rows/).fill('0');
  await expect(models.getByRole('alert')).toContainText(/tokens/);
  await field(/^M, rows/).fill('16');
  await field(/^N, outputs/).fill('997');
  await field(/^K, inputs/).fill('640');
  await models.getByRole('button', { name: 'Use this layer' }).click();
  await expect(grid(page).getByRole('gridcell', { selected: true })).toHaveCount(1);
  await expect(page.getByRole('button', { name: /^Workload 16 tokens/ })).toBeVisible();
  await expect(page.getByText('997 × 640').first()).toBeVisible();
});
