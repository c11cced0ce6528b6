/** Runs the search as an instrument: live, paused, stopped at once, the same again with the same seed. */
import {
  expect,
  figure,
  figures,
  open,
  openBert,
  openSmall,
  plot,
  read,
  save,
  search,
  steps,
  test,
  type,
} from './page.ts';

const region = { name: 'Search' } as const;

test('runs, pauses, goes on and stops at once', async ({ page }) => {
  await openBert(page);
  const bar = page.getByRole('region', region);
  const progress = bar.getByRole('progressbar', { name: 'Search progress' });
  const button = (name: string) => bar.getByRole('button', { name, exact: true });
  await expect(button('Pause search')).toBeDisabled();
  await expect(button('Stop search')).toBeDisabled();
  await type(bar.getByRole('textbox', { name: 'Search budget in evaluations' }), '5000000');
  await button('Run').click();
  const done = async (): Promise<number> => Number(await progress.getAttribute('value'));
  await expect.poll(done).toBeGreaterThan(0);
  await expect(bar.getByText(/evaluated/)).toHaveText(/^[\d,]+ \/ 5,000,000 evaluated$/);
  await expect(plot(page)).toHaveAccessibleName(/The frontier of [\d,]+ evaluated designs/);

  await button('Pause search').click();
  await expect(bar.getByText('paused')).toBeVisible();
  // What was under way when it was paused has come in; then nothing more does.
  await expect
    .poll(async () => {
      const before = await done();
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
      return (await done()) - before;
    })
    .toBe(0);
  const paused = await done();
  await button('Resume search').click();
  await expect.poll(done).toBeGreaterThan(paused);

  // From the press to a screen that says so, measured in the page.
  const milliseconds = await page.evaluate(async () => {
    const stop = document.querySelector<HTMLButtonElement>('button[aria-label="Stop search"]');
    const from = performance.now();
    stop?.click();
    while (document.querySelector('button[aria-label="Stop search"]:disabled') === null)
      await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - from;
  });
  expect(milliseconds).toBeLessThan(100);
  await expect(bar.getByText(/^Stopped; what was found is kept/).first()).toBeVisible();
  const stopped = await done();
  await button('Run').click();
  await expect.poll(done).not.toBe(stopped);
  await button('Stop search').click();
  await expect(button('Run')).toBeEnabled();
});

test('the same seed finds the same frontier, another may not', async ({ page }) => {
  await openSmall(page);
  const bar = page.getByRole('region', region);
  const found = async (budget: number): Promise<string> => {
    await search(page, budget);
    return (await save(page, page.getByRole('button', { name: 'Download the frontier as CSV' }))).text;
  };
  await bar.getByRole('combobox').selectOption({ label: 'Random' });
  const first = await found(200);
  expect(first.split('\n').length).toBeGreaterThan(3);
  expect(await found(100)).not.toBe(first);
  expect(await found(200)).toBe(first);
  await type(bar.getByRole('textbox', { name: 'Search seed' }), '77');
  expect(await found(200)).not.toBe(first);

  // Another strategy beside the frontier, on the same plot; stopping one ends them all.
  await bar.getByRole('combobox').selectOption({ label: 'Sweep' });
  await search(page, 600);
  await bar.getByRole('button', { name: 'Baselines' }).click();
  await expect(
    page.getByRole('region', { name: /^Energy-delay/ }).getByText('uniform SVD', { exact: true }),
  ).toBeVisible();
  const stop = bar.getByRole('button', { name: 'Stop search' });
  if (await stop.isEnabled()) await stop.click();
  await expect(bar.getByRole('button', { name: 'Baselines' })).toBeEnabled();
});

test('chooses among what was found: a limit, the knee, keys on the plot', async ({ page }) => {
  await open(page);
  const bar = page.getByRole('region', region);
  const limit = bar.getByRole('textbox', { name: /^Most accuracy points/ });
  await expect(bar.getByRole('button', { name: /^Best EDP/ })).toBeDisabled();
  await type(limit, '2');
  const line = page.getByRole('slider', { name: /^Limit/ });
  await expect(line).toHaveAttribute('aria-valuenow', '-2');
  await bar.getByRole('button', { name: /^Best EDP/ }).click();
  await expect(steps(page).last()).toHaveText(/^Adopt [\d.]+×, −(?:[01]\.\d+|2\.00) points$/);
  await line.press('ArrowUp');
  await expect(limit).toHaveValue('1.9');
  await limit.fill('101');
  await expect(limit).toHaveAttribute('aria-invalid', 'true');
  await limit.press('Escape');
  await type(limit, '');
  await expect(line).toHaveCount(0);
  await bar.getByRole('button', { name: 'Knee' }).click();
  await expect(steps(page).last()).toHaveText(/^Adopt/);

  const before = await figures(page);
  await plot(page).focus();
  await page.keyboard.press('Home');
  await expect(page.getByRole('button', { name: 'Adopt', exact: true })).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect.poll(() => figures(page)).not.toEqual(before);
});

test('the plot has a table as its twin, and two more axes', async ({ page }) => {
  await open(page);
  // One tier: an adopted design may be measured again with more examples than its row was.
  const tiers = page.getByRole('group', { name: 'Figures shown' });
  for (const name of ['Calibrated', 'Measured']) await tiers.getByRole('button', { name }).click();
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  const table = page.getByRole('region', { name: 'Frontier as a table' });
  await expect(plot(page)).toHaveCount(0);
  const last = table.getByRole('row').last();
  const [reduction, kept] = [
    await read(last.getByRole('rowheader')),
    await read(last.getByRole('cell').first()),
  ];
  await last.getByRole('button', { name: /^Adopt/ }).click();
  await expect(figure(page, 'EDP reduction')).toContainText(reduction);
  await expect(figure(page, 'Accuracy')).toContainText(kept);
  await page.getByRole('button', { name: 'Energy', exact: true }).click();
  await expect(table.getByRole('columnheader').first()).toHaveText('Energy reduction');
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  await expect(plot(page)).toHaveAccessibleName(/^Pareto plot of energy reduction/);
  await page.getByRole('button', { name: 'Delay', exact: true }).click();
  await expect(plot(page)).toHaveAccessibleName(/^Pareto plot of delay reduction/);
});
