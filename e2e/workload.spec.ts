/** Sets the work that the matrices meet: tokens in flight, batch, sequence. */
import {
  dialog,
  expect,
  figure,
  notices,
  openBert,
  openSelector,
  read,
  steps,
  test,
  type,
  undo,
} from './page.ts';

test('tokens, batch and sequence by slider, by typing and by the usual cases', async ({ page }) => {
  await openBert(page);
  const design = page.getByRole('region', { name: 'Design' });
  const tokens = design.getByRole('slider', { name: 'Tokens in flight' });
  const typed = design.getByRole('textbox', { name: 'Tokens in flight, value' });
  const before = await read(figure(page, 'EDP reduction'));
  await tokens.press('ArrowLeft');
  await tokens.press('Escape');
  await expect(tokens).toHaveValue('128');
  await expect(steps(page)).toHaveText(['Opened']);
  await expect(figure(page, 'EDP reduction')).toHaveText(before);

  await type(typed, '1');
  await expect(tokens).toHaveValue('1');
  await expect(steps(page).last()).toHaveText('tokens 128 to 1');
  await expect(figure(page, 'EDP reduction')).not.toHaveText(before);
  await expect(page.getByRole('button', { name: 'Workload 1 token, batch 1' })).toBeVisible();
  await typed.fill('0');
  await expect(design.getByRole('alert')).toHaveText('1 to 1,048,576');
  await typed.press('Escape');
  await undo(page).click();
  await expect(tokens).toHaveValue('128');

  // What cannot be combined is refused by name and changes nothing.
  await type(typed, '1048573');
  await expect(
    notices(page)
      .getByText(/tokens|workload|batch|sequence/i)
      .first(),
  ).toBeVisible();
  await expect(tokens).toHaveValue('128');
  await notices(page).getByRole('button', { name: 'Dismiss' }).first().click();

  const workloads = await openSelector(page, 'Workload');
  const decoders = workloads.getByRole('button', { name: /^Eight decoders/ });
  await decoders.click();
  await expect(decoders).toHaveAttribute('aria-pressed', 'true');
  await expect(workloads.getByRole('slider', { name: 'Batch' })).toHaveValue('8');
  await workloads.getByRole('slider', { name: 'Sequence' }).press('End');
  await expect(workloads.getByRole('slider', { name: 'Sequence' })).toHaveValue('512');
  await expect(steps(page).last()).toHaveText('sequence 128 to 512');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Workload 8 tokens, batch 8' })).toBeVisible();
});
