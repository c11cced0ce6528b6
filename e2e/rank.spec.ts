/** Drags a rank: everything follows in the same frame, and one drag is one step. */
import type { Page } from '@playwright/test';
import {
  dragTo,
  expect,
  figure,
  figures,
  openBert,
  plot,
  rank,
  rankValue,
  redo,
  steps,
  test,
  type,
  typedRank,
  undo,
} from './page.ts';

/** Of every canvas that follows the hand: whether something is drawn on it. */
const drawn = (page: Page): Promise<readonly boolean[]> =>
  page.locator('canvas.ink').evaluateAll((canvases) =>
    canvases.map((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const empty = Object.assign(document.createElement('canvas'), { width, height });
      return (canvas as HTMLCanvasElement).toDataURL() !== empty.toDataURL();
    }),
  );

test('a drag moves point, figures and parameters, and is one undo step', async ({ page }) => {
  await openBert(page);
  const before = await figures(page);
  const rankBefore = await rankValue(page);
  const parameters = page.getByRole('img', { name: /dense parameters$/ });
  const sizeBefore = await parameters.getAttribute('aria-label');
  const placeBefore = await plot(page).getAttribute('aria-valuetext');

  // Plot, slider, its number, size, figures, bar.
  expect(await drawn(page)).toEqual([false, false, false, false, false, false]);
  await dragTo(page, rank(page), [0.8, 0.7, 0.6, 0.5]);
  await expect.poll(() => drawn(page)).toEqual([true, true, true, true, true, true]);
  await expect(page.locator('html')).not.toHaveAttribute('data-behind');
  // Still held: the flag tells the change since the drag began.
  await expect(page.getByText(/^EDP [+−]\d+%, kept [+−][\d.]+ pt$/)).toBeVisible();
  await expect(plot(page)).not.toHaveAttribute('aria-valuetext', placeBefore ?? '');
  await expect(parameters).not.toHaveAttribute('aria-label', sizeBefore ?? '');
  await expect(typedRank(page)).toHaveValue(String(await rankValue(page)));
  await expect(steps(page)).toHaveText(['Opened']);
  await page.mouse.up();
  await expect.poll(() => drawn(page)).toEqual([false, false, false, false, false, false]);

  const rankAfter = await rankValue(page);
  expect(rankAfter).toBeLessThan(rankBefore);
  const label = `FFN1 rank ${rankBefore} to ${rankAfter}`;
  await expect(steps(page)).toHaveText(['Opened', label]);
  await expect(undo(page)).toHaveAccessibleName(`Undo: ${label}`);
  await expect(page.getByTestId('live')).toHaveText(
    new RegExp(`^rank ${rankAfter}: EDP [\\d.]+× lower, estimated [\\d.]+ percent of weight energy kept$`),
  );
  const after = await figures(page);
  expect(after).not.toEqual(before);

  // The slider still has the focus.
  await expect(rank(page)).toBeFocused();
  await page.keyboard.press('Control+z');
  await expect(rank(page)).toHaveValue(String(rankBefore));
  expect(await figures(page)).toEqual(before);
  await page.keyboard.press('Control+Shift+z');
  await expect(rank(page)).toHaveValue(String(rankAfter));
  expect(await figures(page)).toEqual(after);
  await undo(page).click();
  await redo(page).click();
  await expect(rank(page)).toHaveValue(String(rankAfter));
  await steps(page).first().click();
  await expect(rank(page)).toHaveValue(String(rankBefore));
});

test('Escape brings back what was before the drag', async ({ page }) => {
  await openBert(page);
  const before = await rankValue(page);
  await dragTo(page, rank(page), [0.8, 0.3]);
  await expect.poll(() => rankValue(page)).toBeLessThan(before);
  await page.keyboard.press('Escape');
  await expect(rank(page)).toHaveValue(String(before));
  await page.mouse.up();
  await rank(page).press('Home');
  await rank(page).press('Escape');
  await expect(rank(page)).toHaveValue(String(before));
  await expect(steps(page)).toHaveText(['Opened']);
});

test('keys move it by one, by a page and to the ends, in one step', async ({ page }) => {
  await openBert(page);
  const before = await rankValue(page);
  const presses = [
    ['ArrowLeft', before - 1],
    ['ArrowDown', before - 2],
    ['ArrowRight', before - 1],
    ['PageDown', before - 9],
    ['PageUp', before - 1],
  ] as const;
  for (const [key, value] of presses) {
    await rank(page).press(key);
    await expect(rank(page)).toHaveValue(String(value));
  }
  // A hand at rest ends the step; on a busy machine so does looking at each key.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  for (const [key] of presses) await page.keyboard.press(key);
  await page.keyboard.press('Home');
  await expect(rank(page)).toHaveValue('1');
  await expect(page.getByRole('slider', { name: /^Rank r/ }).first()).toHaveAttribute(
    'aria-valuetext',
    'rank 1',
  );
  // All of it is one step, once the keys rest.
  await expect(steps(page).last()).toHaveText(`FFN1 rank ${before - 1} to 1`);
  await rank(page).press('End');
  await expect(rank(page)).toHaveValue('768');
  await rank(page).press('Control+z');
  await expect(rank(page)).toHaveValue('1');
  await rank(page).press('Control+z');
  await expect(rank(page)).toHaveValue(String(before - 1));
});

test('a typed rank is taken, an impossible one is refused by its rule', async ({ page }) => {
  await openBert(page);
  await type(typedRank(page), '64');
  await expect(rank(page)).toHaveValue('64');
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  for (const wrong of ['0', '769', '12.5', 'many', '-3', '1e9']) {
    await typedRank(page).fill(wrong);
    await expect(page.getByRole('alert').filter({ hasText: '1 to 768' })).toBeVisible();
    await expect(typedRank(page)).toHaveAttribute('aria-invalid', 'true');
    await typedRank(page).press('Enter');
    await expect(rank(page)).toHaveValue('64');
  }
  await typedRank(page).press('Escape');
  await expect(typedRank(page)).toHaveValue('64');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(steps(page)).toHaveCount(2);
});
