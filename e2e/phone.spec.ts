/** The same on a phone: the plot stays on top, tabs bring the rest, a finger drags. */
import AxeBuilder from '@axe-core/playwright';
import { dialog, expect, formatNamed, open, plot, rank, rankValue, test } from './page.ts';

test('a finger drags a rank while the plot stays on top', async ({ page, context }) => {
  await open(page);
  await expect(plot(page)).toBeInViewport();
  // Nothing is wider than the screen.
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  const before = await rankValue(page);
  const place = await plot(page).getAttribute('aria-valuetext');
  await rank(page).scrollIntoViewIfNeeded();
  const box = await rank(page).boundingBox();
  if (box === null) throw new Error('the slider is not on screen');
  const touch = await context.newCDPSession(page);
  const y = box.y + 12;
  const at = (share: number) => ({ touchPoints: [{ x: box.x + share * box.width, y }] });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', ...at(0.75) });
  for (const share of [0.7, 0.6, 0.5, 0.4])
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', ...at(share) });
  await expect(plot(page)).toBeInViewport();
  await expect(plot(page)).not.toHaveAttribute('aria-valuetext', place ?? '');
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  expect(await rankValue(page)).toBeLessThan(before);
  await page.getByRole('button', { name: /^Undo: FFN1 rank/ }).tap();
  await expect(rank(page)).toHaveValue(String(before));
});

test('tabs bring every panel below the plot, without violations', async ({ page }) => {
  await open(page);
  const panels = {
    Matrices: page.getByRole('grid', { name: /^Matrices/ }),
    Compare: page.getByRole('table', { name: /^Figures of each design/ }),
    Inside: page.getByRole('region', { name: 'Inside one matrix' }),
    Search: page.getByRole('button', { name: 'Run', exact: true }),
    Ranks: rank(page),
  } as const;
  test.slow();
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [name, content] of Object.entries(panels)) {
      await page.getByRole('tab', { name }).tap();
      await expect(page.getByRole('tab', { name })).toHaveAttribute('aria-selected', 'true');
      await expect(content).toBeVisible();
      await expect(plot(page)).toBeInViewport();
      const { violations } = await (
        scheme === 'light'
          ? new AxeBuilder({ page })
          : new AxeBuilder({ page }).include('main').withRules(['color-contrast'])
      ).analyze();
      expect(
        violations.map(
          ({ id, nodes }) =>
            `${name} ${scheme} ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
        ),
      ).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name).toBe(true);
    }
  }
  await page.getByRole('tab', { name: 'Matrices' }).tap();
  await formatNamed(page, 'Tucker').tap();
  await expect(formatNamed(page, 'Tucker')).toBeChecked();
  // The open panel is part of the link.
  await expect.poll(() => page.url()).toMatch(/#v1\./);
});

test('everything else stands in one menu', async ({ page }) => {
  await open(page);
  for (const name of [
    'Model',
    'Accelerator',
    'Workload',
    'Share and save',
    'Export the model',
    'Help and shortcuts',
  ]) {
    await page.getByRole('button', { name: 'More', exact: true }).tap();
    await page.locator('#more').getByRole('button', { name, exact: true }).tap();
    await expect(dialog(page)).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).include('dialog').analyze();
    expect(violations.map(({ id }) => `${name} ${id}`)).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Close' }).tap();
    await expect(dialog(page)).toBeHidden();
  }
});
