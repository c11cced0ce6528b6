/**
 * Accuracy as a figure that is measured: the page opens with it, a change makes it an estimate, the tab measures again.
 * Waits are long where onnxruntime runs 2,048 examples on a machine that does other things beside.
 */
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { devices, type Locator, type Page } from '@playwright/test';
import {
  dialog,
  dragTo,
  expect,
  figure,
  formatNamed,
  open,
  openSelector,
  plot,
  rank,
  rankValue,
  read,
  search,
  steps,
  test,
  type,
  undo,
} from './page.ts';

const patience = { timeout: 45_000 } as const;
test.describe.configure({ timeout: 120_000 });

const compare = (page: Page): Locator => page.getByRole('region', { name: 'Compare' });
/** The figures of 'Measured here'. */
const here = (page: Page): Locator => compare(page).locator('.accuracy .shares');
const stop = (page: Page): Locator => compare(page).getByRole('button', { name: 'Stop', exact: true });
const seePredictions = (page: Page): Locator =>
  compare(page).getByRole('button', { name: 'See predictions' });
const tier = (page: Page, name: 'Estimated' | 'Calibrated' | 'Measured'): Locator =>
  page.getByRole('group', { name: 'Figures shown' }).getByRole('button', { name });

/** How sure the current design's place on the plot is. */
const expectNow = (
  page: Page,
  how: 'estimated' | 'calibrated' | 'measured' | 'estimated|calibrated',
  options?: { timeout: number },
): Promise<void> =>
  expect(plot(page)).toHaveAttribute(
    'aria-valuetext',
    new RegExp(`^Current design: EDP [\\d.]+ times lower, (${how}) accuracy `),
    options,
  );

const share = String.raw`[\d.]+% \([\d.]+ to [\d.]+\)`;

/** The current design has run on all examples that were asked for. */
async function measured(page: Page, examples: string): Promise<void> {
  await expect(seePredictions(page)).toBeVisible(patience);
  await expect(here(page)).toHaveText(
    new RegExp(`^${share}, dense ${share}, ${examples} held-out examples$`),
    patience,
  );
}

const violations = async (page: Page): Promise<readonly string[]> =>
  (await new AxeBuilder({ page }).analyze()).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );

test('opens measured, is an estimate in a drag and measured again at rest', async ({ page }) => {
  await open(page);
  // What ships with the page stands on it at once.
  await expectNow(page, 'measured');
  await expect(page.getByRole('list', { name: 'Legend' })).toContainText('measured');
  // What ships may have run on more examples than are asked for here.
  await measured(page, String.raw`[\d,]+`);
  await compare(page)
    .getByText(/^[\d,]+ answers lost, [\d,]+ gained$/)
    .click();
  await expect(
    compare(page).getByText(/^[+−][\d.]+ points \([+−]?[\d.]+ to [+−]?[\d.]+\), p /),
  ).toBeVisible();
  const accuracy = await read(figure(page, 'Accuracy'));

  await dragTo(page, rank(page), [0.6, 0.5, 0.4]);
  await expectNow(page, 'estimated');
  await expect(page.getByText(/^estimated, −[\d.]+ to [+−]?[\d.]+$/)).toBeVisible();
  await expect(here(page)).toBeHidden();
  await page.mouse.up();
  await expectNow(page, 'measured', patience);
  await measured(page, '2,048');
  expect(await read(figure(page, 'Accuracy'))).not.toBe(accuracy);

  // What was measured once is known.
  await undo(page).click();
  await expectNow(page, 'measured');
  await expect(figure(page, 'Accuracy')).toHaveText(accuracy);
});

test('points of a found frontier are measured too, until it is stopped', async ({ page }) => {
  await open(page);
  await page.getByRole('region', { name: 'Search' }).getByRole('combobox').selectOption({ label: 'Random' });
  await search(page, 200);
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  const rows = page.getByRole('region', { name: 'Frontier as a table' }).getByRole('row');
  const done = rows.filter({ has: page.getByRole('cell', { name: 'measured', exact: true }) });
  const left = rows.filter({ has: page.getByRole('cell', { name: 'estimated', exact: true }) });
  await expect(compare(page).getByText(/^frontier point \d+ of \d+: /)).toBeVisible(patience);
  await expect.poll(() => done.count(), patience).toBeGreaterThan(1);
  expect(await violations(page)).toEqual([]);
  await stop(page).click();
  await expect(stop(page)).toBeHidden();
  await expect(compare(page).getByRole('progressbar', { name: 'Measurement' })).toHaveCount(0);
  const stopped = await done.count();
  expect(await left.count()).toBeGreaterThan(0);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2000)));
  expect(await done.count()).toBe(stopped);
});

test('predictions of dense and compressed side by side: glyphs, then questions', async ({ page }) => {
  await open(page);
  await rank(page).press('Home');
  await expect(steps(page)).toHaveCount(2);
  await expectNow(page, 'measured', patience);
  await seePredictions(page).click();
  await expect(dialog(page)).toContainText(
    /held-out examples the compressed model answers [\d,]+ differently/,
  );
  const glyphs = dialog(page).getByRole('listitem');
  // Changed ones come first.
  await expect(glyphs.first()).toContainText(/dense [✓✗]now [✓✗](lost|gained)/);
  await expect(glyphs.first().getByRole('img', { name: /^Example \d+: glyph \d+$/ })).toBeVisible();
  await expect(glyphs.first().getByRole('img', { name: /^glyph \d+, (right|wrong)$/ })).toHaveCount(2);
  await dialog(page).getByRole('button', { name: 'Show more' }).click();
  await expect(glyphs).toHaveCount(48);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');

  const models = await openSelector(page, 'Model');
  await models.getByRole('button', { name: /^Lexical QA/ }).click();
  await expect(dialog(page)).toBeHidden();
  await expect(here(page)).toBeVisible(patience);
  await seePredictions(page).click();
  const question = dialog(page).getByRole('listitem').first();
  await expect(question).toContainText(/^which [^?]+\?/);
  await expect(question.locator('.candidate').first()).toBeVisible();
  await expect(question.locator('.truth').first()).toBeVisible();
  await expect(question).toContainText(/dense “.+”, compressed “.+”/);
  expect(await violations(page)).toEqual([]);
});

test('shows only what is estimated or only what was measured, and the link remembers', async ({ page }) => {
  await open(page);
  await expectNow(page, 'measured');
  for (const name of ['Measured', 'Calibrated'] as const) {
    const before = page.url();
    await tier(page, name).click();
    await expect.poll(() => page.url()).not.toBe(before);
  }
  await expectNow(page, 'estimated');
  await expect(page.getByRole('list', { name: 'Legend' })).not.toContainText('measured');
  // The last one stays.
  await tier(page, 'Estimated').press('Enter');
  await expect(tier(page, 'Estimated')).toHaveAttribute('aria-pressed', 'true');
  await page.reload();
  for (const name of ['Calibrated', 'Measured'] as const)
    await expect(tier(page, name)).toHaveAttribute('aria-pressed', 'false');
  await expectNow(page, 'estimated');

  await tier(page, 'Measured').click();
  await tier(page, 'Estimated').click();
  await expectNow(page, 'measured');
  await expect(tier(page, 'Estimated')).toHaveAttribute('aria-pressed', 'false');
  expect(await violations(page)).toEqual([]);
  // A design that was not measured has nothing but its estimate; then each changed layer is tried alone.
  await rank(page).press('PageDown');
  await expectNow(page, 'estimated');
  await expect(steps(page)).toHaveCount(2);
  await tier(page, 'Calibrated').click();
  await tier(page, 'Measured').click();
  await expectNow(page, 'calibrated', patience);
});

test('weights in four bits: fewer bytes, another accuracy, undone in one step', async ({ page }) => {
  await open(page);
  await expectNow(page, 'measured');
  const stored = page.getByRole('combobox', { name: 'Weights stored as' });
  // Whatever is offered has an estimated accuracy.
  const { quantizations } = JSON.parse(
    readFileSync(new URL('../public/models/glyph-vit.json', import.meta.url), 'utf8'),
  ) as { readonly quantizations: Readonly<Record<string, unknown>> };
  const offered = await stored
    .locator('option')
    .evaluateAll((options) => options.map((option) => option.getAttribute('value')));
  expect(
    offered.filter((name) => name === null || !['none', ...Object.keys(quantizations)].includes(name)),
  ).toEqual([]);
  expect(offered.length).toBeGreaterThan(8);
  const bytes = async (): Promise<number> => Number.parseFloat(await read(figure(page, 'Weights')));
  const [accuracy, weights, megabytes] = [
    await read(figure(page, 'Accuracy')),
    await read(figure(page, 'Weights')),
    await bytes(),
  ];
  await stored.selectOption('int4-g32');
  await expect(steps(page).last()).toHaveText('Weights int4, groups of 32');
  await expect(figure(page, 'Weights')).not.toHaveText(weights);
  expect(await bytes()).toBeLessThan(0.7 * megabytes);
  await expectNow(page, 'measured', patience);
  await expect(figure(page, 'Accuracy')).not.toHaveText(accuracy);
  await undo(page).click();
  await expect(stored).toHaveValue('none');
  await expect(figure(page, 'Weights')).toHaveText(weights);
  await expectNow(page, 'measured');
  await expect(figure(page, 'Accuracy')).toHaveText(accuracy);
});

test('how the machine runs it changes the costs, and tokens the order of the formats', async ({ page }) => {
  await open(page);
  await formatNamed(page, 'TT').click();
  const times = async (): Promise<number> => Number.parseFloat(await read(figure(page, 'EDP reduction')));
  const dense = async (): Promise<number> => Number.parseFloat(await read(figure(page, 'Energy', 'Dense')));
  await page.getByText('each step by itself, as references count').click();
  const alone = await times();
  await page.getByRole('checkbox', { name: 'Fuse the steps of a layer' }).check();
  await expect(steps(page).last()).toHaveText('Fusion on');
  await expect.poll(times).toBeGreaterThanOrEqual(alone);
  // Dense runs as the design does.
  const matrices = await dense();
  await page.getByRole('checkbox', { name: 'Count vector work' }).check();
  await expect(page.getByText('fused, with vector work', { exact: true })).toBeVisible();
  await expect.poll(dense).toBeGreaterThan(matrices);
  expect(await violations(page)).toEqual([]);

  // What the reference tools leave out is labelled where figures are, and one step back.
  const vectors = await dense();
  const status = page.getByRole('contentinfo');
  await expect(status.getByText('Accesses counted as Timeloop does', { exact: true })).toBeVisible();
  await type(page.getByRole('textbox', { name: 'Leakage, per cycle' }), '2.5');
  await expect(steps(page).last()).toHaveText('Leakage 2.5 pJ');
  await page.getByRole('checkbox', { name: 'Double buffers' }).check();
  await expect(
    status.getByText(/^Accesses counted as Timeloop does, and leakage 2.5 pJ, double buffers$/),
  ).toBeVisible();
  await expect.poll(dense).toBeGreaterThan(vectors);
  expect(await violations(page)).toEqual([]);
  await page.reload();
  await expect(
    page.getByText('fused, with vector work, leakage 2.5 pJ, double buffers', { exact: true }),
  ).toBeVisible();
  await page.getByText('fused, with vector work, leakage 2.5 pJ, double buffers', { exact: true }).click();
  await page.getByRole('checkbox', { name: 'Fixed dataflow' }).check();
  await expect(page.getByRole('checkbox', { name: 'Ragged last tiles' })).toBeDisabled();
  await page.getByRole('checkbox', { name: 'Fixed dataflow' }).uncheck();
  await page.getByRole('checkbox', { name: 'Double buffers' }).uncheck();
  await type(page.getByRole('textbox', { name: 'Leakage, per cycle' }), '0');
  await expect(steps(page).last()).toHaveText('Leakage off');
  await expect(status.getByText('Accesses counted as Timeloop does', { exact: true })).toBeVisible();

  const design = page.getByRole('region', { name: 'Design' });
  const sentence = design.getByText(/^At [\d,]+ tokens? /);
  await expect(sentence).toHaveText(/^At 144 tokens .* at [\d.]+×/);
  const many = (await read(sentence)).replace(/^At [\d,]+ tokens? /, '');
  await type(design.getByRole('textbox', { name: 'Tokens in flight, value' }), '9');
  await expect(sentence).toHaveText(/^At 9 tokens /);
  expect((await read(sentence)).replace(/^At [\d,]+ tokens? /, '')).not.toBe(many);
});

test('without onnxruntime the reason is told, all else works, and it can be tried again', async ({
  page,
  watch,
}) => {
  watch.allow('.wasm');
  watch.allow('wasm streaming compile failed');
  await page.route('**/*.wasm', (route) => route.abort());
  await open(page);
  await expect(compare(page).getByRole('alert')).toHaveText(/onnxruntime/, patience);
  await expectNow(page, 'measured');
  const before = await rankValue(page);
  await rank(page).press('PageDown');
  await expect(rank(page)).not.toHaveValue(String(before));
  await expectNow(page, 'estimated');
  await search(page, 100);
  await expect(compare(page).getByRole('alert')).toHaveText(/onnxruntime/, patience);
  expect(await violations(page)).toEqual([]);
  await page.unroute('**/*.wasm');
  await compare(page).getByRole('button', { name: 'Try again' }).click();
  await expectNow(page, 'measured', patience);
  await expect(compare(page).getByRole('alert')).toHaveCount(0);
});

test.describe('on a phone', () => {
  const { deviceScaleFactor, isMobile, hasTouch } = devices['iPhone 13'];
  test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor, isMobile, hasTouch });

  test('accuracy is read without a sideways scroll', async ({ page }) => {
    await open(page);
    await expectNow(page, 'measured');
    await page.getByRole('tab', { name: 'Compare' }).tap();
    await expect(figure(page, 'Accuracy')).toHaveText(/^[+−]?[\d.]+/);
    await expect(seePredictions(page)).toBeVisible(patience);
    await here(page).scrollIntoViewIfNeeded();
    await expect(here(page)).toBeInViewport();
    await expect(plot(page)).toBeInViewport();
    await expect(here(page)).toContainText('held-out examples');
    expect(await violations(page)).toEqual([]);
    await seePredictions(page).tap();
    await expect(
      dialog(page)
        .getByRole('img', { name: /^Example / })
        .first(),
    ).toBeVisible();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});
