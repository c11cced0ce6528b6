/**
 * A model of one's own with one's own examples: both dropped, an axis made of them, designs measured on them, factors
 * fitted to them. Waits are long: onnxruntime runs some hundred small models beside other work.
 */
import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { devices, type Locator, type Page } from '@playwright/test';
import { pngOf, textGoldens } from '../src/engines/examples/examples.fixture.ts';
import { dialog, expect, figure, notices, open, openSelector, plot, rank, steps, test } from './page.ts';

const patience = { timeout: 120_000 };
test.describe.configure({ timeout: 240_000 });

/** Pictures as Pillow wrote them. */
const goldens = JSON.parse(
  readFileSync(new URL('../src/engines/examples/goldens/pictures.json', import.meta.url), 'utf8'),
) as { readonly files: readonly { readonly name: string; readonly bytes: string }[] };

const corpus = new URL('../src/core/onnx/corpus/', import.meta.url);

interface Given {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

const given = (name: string, content: string | Uint8Array): Given => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(content),
});

/** A tokenizer whose ids the small model of the corpus knows: the rest is [UNK]. */
function smallTokenizer(): string {
  const tokenizer = structuredClone(textGoldens.wordpiece.tokenizer) as {
    model: { vocab: Record<string, number> };
  };
  for (const [word, id] of Object.entries(tokenizer.model.vocab))
    if (id >= 40) delete tokenizer.model.vocab[word];
  return JSON.stringify(tokenizer);
}

const words = 'a bc def fox dog jumps quick zebra the lazy box five'.split(' ');
const texts = Array.from({ length: 40 }, (_, k) =>
  Array.from({ length: 2 + (k % 7) }, (__, i) => words[(k * 5 + i * 3 + k * i) % words.length]).join(' '),
);
const csv = (labelled: boolean): string =>
  [labelled ? 'text,label' : 'text', ...texts.map((text, k) => (labelled ? `${text},${k % 3}` : text))].join(
    '\n',
  );

const bert = given('small-bert.onnx', readFileSync(new URL('optimum-bert.onnx', corpus)));
const vit = given('small-vit.onnx', readFileSync(new URL('torchscript-vit.onnx', corpus)));
const tokenizer = given('tokenizer.json', smallTokenizer());

const section = (page: Page): Locator => page.getByRole('region', { name: 'Your examples' });
const badge = (page: Page, text: string): Locator =>
  page.getByRole('region', { name: /^Energy-delay/ }).getByText(text, { exact: true });
const violations = async (page: Page) => (await new AxeBuilder({ page }).analyze()).violations;

async function openModel(page: Page, model: Given): Promise<void> {
  await open(page);
  await openSelector(page, 'Model');
  await dialog(page).locator('input[type=file]').setInputFiles(model);
  await expect(page.getByRole('button', { name: `Model ${model.name}`, exact: true })).toBeVisible();
  await expect(section(page)).toBeVisible();
}

/** As a hand does, anywhere on the page. */
async function drop(page: Page, files: readonly Given[]): Promise<void> {
  const transfer = await page.evaluateHandle(
    (all) => {
      const dropped = new DataTransfer();
      for (const { name, bytes } of all) dropped.items.add(new File([new Uint8Array(bytes)], name));
      return dropped;
    },
    files.map(({ name, buffer }) => ({ name, bytes: [...buffer] })),
  );
  for (const kind of ['dragenter', 'dragover', 'drop'])
    await page.getByRole('region', { name: /^Energy-delay/ }).dispatchEvent(kind, { dataTransfer: transfer });
}

test('texts make the axis of a model of one’s own, and its designs are measured on them', async ({
  page,
}) => {
  await openModel(page, bert);
  await expect(badge(page, 'weak, data-free')).toBeVisible();
  await expect(section(page)).toContainText('They stay in this tab');
  expect(await violations(page)).toEqual([]);

  // Without the tokenizer it is told what is missing; with it the same texts are read.
  await drop(page, [given('reviews.csv', csv(false))]);
  await expect(section(page).getByRole('alert')).toHaveText(
    /reviews\.csv: needs the model's tokenizer\.json/,
  );
  await drop(page, [tokenizer]);
  await expect(section(page)).toContainText(
    '40 texts: 20 tell what layers read, 20 are measured on; no labels',
    patience,
  );
  await expect(section(page)).toContainText(
    /KL [\d.e−]+ nats to the dense model \(20 held-out examples\)/,
    patience,
  );
  await expect(badge(page, 'weak, data-free')).toHaveCount(0);
  await expect(plot(page)).toBeVisible();
  await expect(page.getByRole('list', { name: 'Legend' })).toContainText('measured');
  await expect(figure(page, 'Agreement')).toHaveText(/^−?[\d.]+/);
  expect(await violations(page)).toEqual([]);

  // A smaller design is estimated at once and measured when the hand rests.
  const before = await section(page).getByText(/^KL /).first().textContent();
  await rank(page).press('Home');
  await expect(section(page).getByText(/^KL /).first()).not.toHaveText(before ?? '', patience);
  await expect(section(page)).toContainText('20 held-out examples', patience);

  // The link has neither: they must be given again.
  const link = page.url();
  expect(link).not.toContain('reviews');
  await page.reload();
  await expect(section(page)).toContainText(
    'A link holds shapes and the design, never the model or examples',
  );
  await expect(badge(page, 'weak, data-free')).toBeVisible();
  const ranks = await rank(page).inputValue();
  await drop(page, [bert, tokenizer, given('reviews.csv', csv(true))]);
  await expect(section(page)).toContainText('with labels', patience);
  // Its design is still that of the link.
  await expect(rank(page)).toHaveValue(ranks);
  await expect(section(page)).toContainText(/[\d.]+% right, dense [\d.]+%/, patience);
  await expect(figure(page, 'Accuracy')).toHaveText(/^[+−]?[\d.]+/);
});

test('exported factors are fitted to the examples', async ({ page }) => {
  const exported = async (): Promise<Buffer> => {
    await page.getByRole('region', { name: 'Compare' }).getByRole('button', { name: 'Export model' }).click();
    await dialog(page).getByRole('button', { name: 'Make the file' }).click();
    const save = dialog(page).getByRole('button', { name: /^Download/ });
    await expect(save).toBeVisible(patience);
    const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
    await page.keyboard.press('Escape');
    return readFile(await download.path());
  };
  await openModel(page, bert);
  await rank(page).press('Home');
  const plain = await exported();
  await drop(page, [tokenizer, given('reviews.csv', csv(false))]);
  await expect(section(page)).toContainText(/KL [\d.e−]+ nats/, patience);
  const fitted = await exported();
  expect(fitted.length).toBe(plain.length);
  expect(fitted.equals(plain)).toBe(false);
});

test('pictures with labels, stopped, forgotten, and what does not fit told by name', async ({ page }) => {
  await openModel(page, vit);
  const jpeg = goldens.files.find(({ name }) => name === 'smooth.jpg')!;
  const pictures = [
    given('a.jpg', Buffer.from(jpeg.bytes, 'base64')),
    ...Array.from({ length: 23 }, (_, k) => given(`${k}.png`, pngOf(20, 18, 3, k))),
  ];
  const table = given(
    'labels.csv',
    ['file,label', ...pictures.map(({ name }, k) => `${name},${k % 3}`)].join('\n'),
  );
  await drop(page, [...pictures.slice(0, 23), given('22.png', pngOf(9, 9, 3).subarray(0, 50)), table]);
  await expect(section(page).getByRole('alert')).toHaveText(/^22\.png: must be a sound picture/, patience);
  await drop(page, [...pictures, table]);
  await expect(section(page)).toContainText(
    '24 pictures: 12 tell what layers read, 12 are measured on; with labels',
    patience,
  );
  await section(page).getByText('How they are read').click();
  await expect(section(page)).toContainText('Pictures are resized to 16 x 16 (bilinear)');
  await section(page).getByRole('button', { name: 'Stop' }).click();
  await expect(section(page).getByRole('button', { name: 'Try again' })).toBeVisible();
  await section(page).getByRole('button', { name: 'Try again' }).click();
  await expect(section(page)).toContainText(/[\d.]+% right/, patience);
  await section(page).getByRole('button', { name: 'Forget them' }).click();
  await expect(badge(page, 'weak, data-free')).toBeVisible();
  await expect(section(page)).not.toContainText('% right');
  await drop(page, [given('texts.txt', 'one\ntwo\n'), tokenizer]);
  await expect(section(page).getByRole('alert')).toHaveText(
    /cannot be texts: the graph has no input of token ids/,
    patience,
  );
  await expect(steps(page).last()).toHaveText('Open small-vit.onnx');
  await expect(notices(page).getByText(/internal:/)).toHaveCount(0);
});

test.describe('on a phone', () => {
  const { deviceScaleFactor, isMobile, hasTouch } = devices['iPhone 13'];
  test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor, isMobile, hasTouch });

  test('examples are chosen and their figures read', async ({ page }) => {
    await open(page);
    await page.getByRole('button', { name: 'More', exact: true }).tap();
    await page.locator('#more').getByRole('button', { name: 'Model', exact: true }).tap();
    await dialog(page).locator('input[type=file]').setInputFiles(bert);
    await expect(dialog(page)).toBeHidden();
    await page.getByRole('tab', { name: 'Compare' }).tap();
    await section(page)
      .locator('input[type=file]')
      .first()
      .setInputFiles([tokenizer, given('a.txt', texts.join('\n'))]);
    await expect(section(page)).toContainText(/KL [\d.e−]+ nats/, patience);
    await section(page).scrollIntoViewIfNeeded();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});
