/** Shapes the design: format, modes, locks, snap, groups of matrices. */
import {
  expect,
  figure,
  formatNamed,
  grid,
  openBert,
  rank,
  rankValue,
  read,
  steps,
  test,
  type,
  typedRank,
  undo,
} from './page.ts';

test('another format keeps the parameters and brings its ranks and modes', async ({ page }) => {
  await openBert(page);
  const before = await read(figure(page, 'EDP reduction'));
  await formatNamed(page, 'Tucker').click();
  await expect(formatNamed(page, 'Tucker')).toBeChecked();
  await expect(figure(page, 'EDP reduction')).not.toHaveText(before);
  await expect(steps(page).last()).toHaveText('FFN1 to Tucker');
  await expect(page.getByRole('slider', { name: /^Rank / })).toHaveCount(4);

  // The keys of a radio group choose the next one.
  await formatNamed(page, 'Tucker').press('ArrowRight');
  await expect(formatNamed(page, 'TT')).toBeChecked();
  await expect(formatNamed(page, 'TT')).toBeFocused();

  // Split, merge and step through the shapes of one side.
  const out = page.getByRole('group', { name: 'Modes of out, product 3072' });
  await expect(out.getByRole('textbox')).toHaveCount(2);
  await out.getByRole('button', { name: 'Split out into 3 modes' }).click();
  await expect(out.getByRole('textbox')).toHaveCount(3);
  await out.getByRole('button', { name: 'Next shape of out' }).click();
  await out.getByRole('button', { name: 'Merge out into 2 modes' }).click();
  await expect(out.getByRole('textbox')).toHaveCount(2);

  // Typed modes: wrong products are refused with both numbers, right ones taken.
  const [first, second] = [out.getByRole('textbox').first(), out.getByRole('textbox').last()];
  await first.fill('10');
  await second.fill('64');
  await expect(out.getByRole('alert')).toHaveText('10 × 64 = 640, need 3072');
  await second.press('Enter');
  await expect(first).toHaveValue('10');
  await first.fill('32');
  await second.fill('96');
  await second.press('Enter');
  await expect(out.getByRole('alert')).toHaveCount(0);
  await expect(steps(page).last()).toHaveText('FFN1 out 32 × 96');
  await undo(page).click();
  await expect(second).not.toHaveValue('96');

  await formatNamed(page, 'Dense').click();
  await expect(page.getByText(/^Dense has no rank/)).toBeVisible();
  await expect(page.getByRole('slider', { name: /^Rank / })).toHaveCount(0);
});

test('a locked rank moves no more, and snap steps from multiple to multiple', async ({ page }) => {
  await openBert(page);
  const lock = page.getByRole('button', { name: /^Lock rank/ }).first();
  const value = String(await rankValue(page));
  await lock.click();
  await expect(lock).toHaveAttribute('aria-pressed', 'true');
  await expect(rank(page)).toBeDisabled();
  await expect(typedRank(page)).toHaveAttribute('readonly');
  await formatNamed(page, 'TT').click();
  await expect(formatNamed(page, 'SVD')).toBeChecked();
  await lock.click();
  await expect(rank(page)).toBeEnabled();
  await expect(rank(page)).toHaveValue(value);

  await type(typedRank(page), '101');
  const snap = page.getByRole('button', { name: /^Snap \d+/ });
  const width = Number((await snap.innerText()).match(/\d+/)?.[0]);
  await snap.click();
  await expect(snap).toHaveAttribute('aria-pressed', 'true');
  await rank(page).press('ArrowRight');
  await expect(rank(page)).toHaveValue(String(Math.ceil(101 / width) * width));
  await rank(page).press('ArrowRight');
  await expect(rank(page)).toHaveValue(String((Math.ceil(101 / width) + 1) * width));
  await rank(page).press('Shift+ArrowRight');
  await expect(rank(page)).toHaveValue(String((Math.ceil(101 / width) + 1) * width + 1));
});

test('chosen matrices change together, by name, rectangle and keys', async ({ page }) => {
  await openBert(page);
  const chosen = grid(page).getByRole('gridcell', { selected: true });
  await expect(chosen).toHaveCount(12);
  await grid(page).getByRole('rowheader', { name: 'Q', exact: true }).click();
  await expect(rank(page)).toHaveAccessibleName(/of Q$/);
  await grid(page).getByRole('columnheader', { name: 'Layer 3', exact: true }).click();
  await expect(chosen).toHaveCount(6);
  await expect(rank(page)).toHaveAccessibleName(/of block 3$/);

  await grid(page)
    .getByRole('gridcell', { name: /^Q of layer 2,/ })
    .hover();
  await page.mouse.down();
  await grid(page)
    .getByRole('gridcell', { name: /^V of layer 5,/ })
    .hover();
  await page.mouse.up();
  await expect(chosen).toHaveCount(12);
  await grid(page)
    .getByRole('gridcell', { name: /^FFN2 of layer 12,/ })
    .click({ modifiers: ['Control'] });
  await expect(chosen).toHaveCount(13);
  await rank(page).press('Home');
  await expect(steps(page).last()).toHaveText(/^13 layers rank \d+ to 1$/);

  const group = page.getByRole('group', { name: 'Select' });
  await group.getByRole('button', { name: 'This one' }).click();
  await expect(chosen).toHaveCount(1);
  await grid(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(chosen).toHaveCount(1);
  await page.keyboard.press('Shift+ArrowRight');
  await expect(chosen).toHaveCount(2);
  await group.getByRole('button', { name: 'All' }).click();
  await expect(chosen).toHaveCount(73);
  await expect(page.getByText(/^The selection is mixed/)).toBeVisible();
  await grid(page).getByRole('rowheader', { name: 'V', exact: true }).click();
  await expect(chosen).toHaveCount(12);
  await page.getByRole('button', { name: 'Make all alike' }).click();
  await expect(page.getByText(/^The selection is mixed/)).toBeHidden();
  // Choosing is not a step of its own; what was changed is.
  await expect(steps(page)).toHaveText(['Opened', /^13 layers rank/, 'Make V alike']);

  await page.getByRole('radio', { name: 'Size' }).click();
  await expect(
    grid(page).getByRole('gridcell', { name: /^Q of layer 1, \d+% of dense parameters/ }),
  ).toBeVisible();
});
