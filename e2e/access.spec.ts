/** Everyone can use it: no violation in any view, dialog and theme; dark, still and by keyboard alone. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import {
  dialog,
  expect,
  figure,
  formatNamed,
  open,
  openSelector,
  rank,
  steps,
  test,
  type,
  undo,
} from './page.ts';

type Scheme = 'light' | 'dark';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** One line per violation: rule and places. */
async function violations(page: Page, scheme: Scheme, place = 'body'): Promise<readonly string[]> {
  const builder = new AxeBuilder({ page }).include(place);
  // The dark theme is the same page in other colours.
  const rules = scheme === 'light' ? builder.withTags(tags) : builder.withRules(['color-contrast']);
  const { violations: found } = await rules.analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

for (const scheme of ['light', 'dark'] as const)
  test(`no violation in any view, ${scheme}`, async ({ page }) => {
    test.slow();
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await open(page);
    // All there is at once: pins, a mixed selection, locks, several ranks, a limit, open details, the table.
    await page.getByRole('button', { name: 'Pin current', exact: true }).click();
    await formatNamed(page, 'TT').click();
    await page.getByRole('button', { name: 'Pin current', exact: true }).click();
    await page
      .getByRole('button', { name: /^Lock rank/ })
      .first()
      .click();
    await type(page.getByRole('textbox', { name: /^Most accuracy points/ }), '2');
    await page.getByText('each step by itself, as references count').click();
    await page
      .getByRole('region', { name: 'Compare' })
      .getByText(/differ from|all as in/)
      .click();
    await page.getByRole('group', { name: 'Select' }).getByRole('button', { name: 'All' }).click();
    await page
      .getByRole('textbox', { name: /^Value of rank/ })
      .last()
      .fill('0');
    expect(await violations(page, scheme)).toEqual([]);
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    expect(await violations(page, scheme, '#pareto')).toEqual([]);
    for (const name of ['Model', 'Accelerator', 'Workload'] as const) {
      await openSelector(page, name);
      expect(await violations(page, scheme, 'dialog'), name).toEqual([]);
      await page.keyboard.press('Escape');
      await expect(dialog(page)).toBeHidden();
    }
    for (const name of ['Share', 'Help and shortcuts'] as const) {
      await page.getByRole('banner').getByRole('button', { name }).click();
      await expect(dialog(page)).toBeVisible();
      expect(await violations(page, scheme, 'dialog'), name).toEqual([]);
      await page.keyboard.press('Escape');
      await expect(dialog(page)).toBeHidden();
    }
  });

test('the theme follows the system until it is chosen, and is remembered', async ({ page }) => {
  const background = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = async (): Promise<boolean> => {
    const [red = 0] = (await background()).match(/[\d.]+/g)?.map(Number) ?? [];
    return red > 127;
  };
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(page);
  expect(await light()).toBe(false);
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(light).toBe(true);
  await page.getByRole('button', { name: 'Dark theme' }).click();
  await expect.poll(light).toBe(false);
  await page.reload();
  await expect(rank(page)).toBeVisible();
  expect(await light()).toBe(false);
  await page.getByRole('button', { name: 'Light theme' }).click();
  await expect.poll(light).toBe(true);
});

test('with reduced motion nothing moves by itself', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  await rank(page).press('PageDown');
  await formatNamed(page, 'Tucker').click();
  const slow = await page.evaluate(() =>
    document
      .getAnimations()
      .map((animation) => Number(animation.effect?.getComputedTiming().duration))
      .filter((milliseconds) => milliseconds > 50),
  );
  expect(slow).toEqual([]);
});

test('the whole journey by keyboard: skip link, grid, formats, ranks, help, tour', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the plot' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('region', { name: /^Energy-delay/ }).locator(':focus')).toHaveCount(1);

  await page.keyboard.press('?');
  await expect(dialog(page)).toBeVisible();
  await dialog(page)
    .getByRole('button', { name: /^Take the tour/ })
    .press('Enter');
  const tour = page.getByRole('complementary', { name: 'Tour' });
  await expect(tour).toContainText('Step 1 of 5');
  await page.getByRole('rowheader', { name: 'FFN2', exact: true }).click();
  await tour.getByRole('button', { name: 'Next' }).click();
  await rank(page).press('PageDown');
  await expect(steps(page)).toHaveCount(2);
  await tour.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Pin current', exact: true }).click();
  await tour.getByRole('button', { name: 'Next' }).click();
  await formatNamed(page, 'TT').click();
  await tour.getByRole('button', { name: 'Next' }).click();
  await undo(page).click();
  await tour.getByRole('button', { name: 'Finish' }).click();
  await expect(tour).toBeHidden();
  await expect(figure(page, 'EDP reduction', 'A')).toContainText('×');
});
