/** Keeps the work: in the browser for the next visit, in a project file for good. */
import {
  dialog,
  expect,
  figure,
  figures,
  notices,
  open,
  openSmall,
  read,
  save,
  search,
  steps,
  test,
  type,
  typedRank,
} from './page.ts';

test('the last work is offered on the next visit, with what the search had found', async ({ page }) => {
  await openSmall(page);
  await type(typedRank(page), '27');
  await search(page, 100);
  const before = await figures(page);
  await expect
    .poll(
      () =>
        page.evaluate(
          () =>
            new Promise<number>((resolve) => {
              const request = indexedDB.open('rankscape');
              request.onsuccess = () => {
                const all = request.result.transaction('last').objectStore('last').getAllKeys();
                all.onsuccess = () => {
                  resolve(all.result.length);
                  request.result.close();
                };
              };
            }),
        ),
      // A found frontier is saved every five seconds.
      { timeout: 15_000 },
    )
    .toBe(2);

  // Plainly opened, the page shows its opening design and offers the work.
  await page.goto('about:blank');
  await open(page);
  const restore = notices(page).getByRole('button', { name: 'Restore last work' });
  await expect(restore).toBeVisible();
  await expect(typedRank(page)).not.toHaveValue('27');
  await restore.click();
  await expect(typedRank(page)).toHaveValue('27');
  expect(await figures(page)).toEqual(before);
  await expect(page.getByRole('button', { name: 'Download the frontier as CSV' })).toBeEnabled();
  await expect(restore).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(typedRank(page)).not.toHaveValue('27');
});

test('a project goes to a file and comes back; a bad one is named', async ({ page }) => {
  await openSmall(page);
  await type(typedRank(page), '35');
  await page.getByRole('button', { name: 'Pin current', exact: true }).click();
  await search(page, 100);
  const shown = await figures(page);
  const share = () => page.getByRole('banner').getByRole('button', { name: 'Share' }).click();
  await share();
  const { name, text } = await save(page, dialog(page).getByRole('button', { name: 'Save project' }));
  const project = JSON.parse(text) as {
    config: { design: unknown[]; workload: { tokens: unknown } };
    found: unknown;
  };
  expect(project.config.design).toHaveLength(1);
  expect(project.found).not.toBeNull();

  await page.goto('about:blank');
  await open(page);
  await share();
  const files = dialog(page).locator('input[type=file]');
  const give = (content: string) =>
    files.setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
  for (const [bad, reason] of [
    ['{', /project: must be JSON/],
    ['[]', /project: must be a Rankscape project/],
    ['{"rankscape": 7}', /project: must be of version 1, got 7/],
    ['{"rankscape": 1}', /project: must have a config/],
  ] as const) {
    await give(bad);
    await expect(dialog(page).getByRole('alert')).toHaveText(reason);
  }
  await give(text);
  await expect(dialog(page)).toBeHidden();
  await expect(typedRank(page)).toHaveValue('35');
  await expect(steps(page).last()).toHaveText(`Open ${name}`);
  expect(await figures(page)).toEqual(shown);
  await expect(figure(page, 'EDP reduction', 'A')).toHaveText(await read(figure(page, 'EDP reduction')));

  // A damaged part is named and replaced, the rest is kept.
  await share();
  await give(JSON.stringify({ ...project, config: { ...project.config, workload: { tokens: 'many' } } }));
  await expect(
    notices(page)
      .getByText(/workload/)
      .first(),
  ).toBeVisible();
  await expect(typedRank(page)).toHaveValue('35');
});
