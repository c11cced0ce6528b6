/** Shares a link: the same design and the same figures elsewhere; a bad link is named and never a blank page. */
import type { Page } from '@playwright/test';
import {
  dialog,
  dragTo,
  expect,
  figure,
  figures,
  formatNamed,
  notices,
  open,
  openBert,
  openSelector,
  rank,
  rankValue,
  read,
  steps,
  test,
  type,
  typedRank,
} from './page.ts';

const link = async (page: Page): Promise<string> => {
  await page.getByRole('banner').getByRole('button', { name: 'Share' }).click();
  const text = await dialog(page).getByRole('textbox', { name: 'Link' }).inputValue();
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  return text;
};

test('a link opens the same design with the same figures in another page', async ({ page, context }) => {
  await openBert(page);
  const machines = await openSelector(page, 'Accelerator');
  await machines.getByRole('button', { name: /^eyeriss/i }).click();
  await page.keyboard.press('Escape');
  await formatNamed(page, 'TT').click();
  await page
    .getByRole('button', { name: /^Lock rank/ })
    .last()
    .click();
  await type(typedRank(page), '17');
  await page.getByRole('button', { name: 'Pin current', exact: true }).click();
  await type(page.getByRole('textbox', { name: 'Search seed' }), '4242');
  await type(page.getByRole('textbox', { name: 'Batch, value' }), '4');
  await page.getByRole('button', { name: 'Energy', exact: true }).click();
  const text = await link(page);
  const shown = await figures(page);

  const other = await context.newPage();
  await open(other, text);
  expect(await figures(other)).toEqual(shown);
  await expect(figure(other, 'EDP reduction', 'A')).toHaveText(
    await read(figure(page, 'EDP reduction', 'A')),
  );
  await expect(formatNamed(other, 'TT')).toBeChecked();
  await expect(typedRank(other)).toHaveValue(await typedRank(page).inputValue());
  await expect(other.getByRole('button', { name: /^Lock rank/ }).last()).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await expect(other.getByRole('textbox', { name: 'Search seed' })).toHaveValue('4242');
  await expect(other.getByRole('button', { name: 'Energy', exact: true })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await expect(notices(other).locator('.toast')).toHaveCount(0);
  expect(await link(other)).toBe(text);
});

test('the address follows within half a second, and Back undoes', async ({ page }) => {
  await openBert(page);
  const opened = page.url();
  const first = await rankValue(page);
  await dragTo(page, rank(page), [0.7, 0.6, 0.5]);
  // Nothing is written while dragging.
  expect(page.url()).toBe(opened);
  const waited = await page.evaluateHandle(() => ({
    milliseconds: new Promise<number>((resolve) => {
      const before = location.hash;
      let from = 0;
      const look = (): void => {
        if (location.hash === before) setTimeout(look, 5);
        else resolve(performance.now() - from);
      };
      const released = (): void => {
        from = performance.now();
        look();
      };
      addEventListener('pointerup', released, { once: true });
    }),
  }));
  await page.mouse.up();
  expect(await waited.evaluate(({ milliseconds }) => milliseconds)).toBeLessThan(500);
  const dragged = await rankValue(page);
  const settled = page.url();
  await formatNamed(page, 'Block-term').click();
  await expect.poll(() => page.url()).not.toBe(settled);
  await page.goBack();
  await expect(formatNamed(page, 'SVD')).toBeChecked();
  await expect(rank(page)).toHaveValue(String(dragged));
  await expect(steps(page)).toHaveCount(2);
  await page.goBack();
  await expect(rank(page)).toHaveValue(String(first));
  await page.goForward();
  await expect(rank(page)).toHaveValue(String(dragged));
  // A reload shows what the address holds.
  await page.reload();
  await expect(rank(page)).toHaveValue(String(dragged));
  expect(page.url()).toBe(settled);
});

test('bad links are named, what is sound is kept, and the page lives', async ({ page }) => {
  await openBert(page);
  await type(typedRank(page), '40');
  const good = new URL(await link(page)).hash;
  const middle = Math.floor(good.length / 2);
  const hostile: readonly string[] = [
    '#v1.',
    '#v2.abc',
    '#v999999999999999999999.abc',
    '#nonsense',
    '#v1.!!!!',
    '#v1.AAAAAAAAAAAAAAAA',
    `#v1.${'A'.repeat(70_000)}`,
    `#v1.${'_'.repeat(5_000)}`,
    good.slice(0, middle),
    `${good.slice(0, -6)}AAAAAA`,
    `${good.slice(0, middle)}%00${good.slice(middle + 3)}`,
    `#v1.<img src=x onerror=alert(1)>`,
    '#v1.__proto__',
  ];
  for (const hash of hostile) {
    await page.evaluate((next) => {
      location.hash = next;
    }, hash);
    await expect(
      notices(page)
        .getByText(/^link: /)
        .first(),
      hash.slice(0, 60),
    ).toBeVisible();
    await expect(rank(page)).toBeVisible();
    await expect(figure(page, 'EDP reduction')).toContainText('×');
    for (const notice of await notices(page).getByRole('button', { name: 'Dismiss' }).all())
      await notice.click();
  }
  // Opened afresh with a damaged link: what stands before the damage is kept.
  await page.goto('about:blank');
  await open(page, `/${good.slice(0, -8)}`);
  await expect(
    notices(page)
      .getByText(/^link: /)
      .first(),
  ).toBeVisible();
  await rank(page).press('Home');
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  // And a sound one says nothing.
  await page.goto('about:blank');
  await open(page, `/${good}`);
  await expect(rank(page)).toHaveValue('40');
  await expect(notices(page).getByText(/^link: /)).toHaveCount(0);
});
