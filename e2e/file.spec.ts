/** Drops a model of one's own: opened by its header, its weights read in the tab, bad ones refused by name. */
import { readFileSync } from 'node:fs';
import { dialog, expect, figure, grid, notices, open, openSelector, steps, test, undo } from './page.ts';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** A safetensors file of a header (or its text) and data; `claimed` overrides the header's length. */
function file(header: Readonly<Record<string, unknown>> | string, data: Buffer, claimed?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** F32 matrices one after the other. */
function matrices(shapes: Readonly<Record<string, readonly [number, number]>>): {
  readonly header: Record<string, Entry>;
  readonly data: Buffer;
} {
  const header: Record<string, Entry> = {};
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const end = at + 4 * shape[0] * shape[1];
    header[name] = { dtype: 'F32', shape, data_offsets: [at, end] };
    at = end;
  }
  const data = Buffer.alloc(at);
  // A fixed, smooth pattern with a falling spectrum.
  for (let i = 0; i < at / 4; i++) data.writeFloatLE(Math.sin(i * 0.37) + Math.sin(i * i * 0.001) / 3, 4 * i);
  return { header, data };
}

const shapes: Readonly<Record<string, readonly [number, number]>> = Object.fromEntries(
  [0, 1].flatMap((layer) => [
    [`encoder.layer.${layer}.attention.self.query.weight`, [64, 64]],
    [`encoder.layer.${layer}.intermediate.dense.weight`, [96, 64]],
    [`encoder.layer.${layer}.output.dense.weight`, [64, 96]],
  ]),
);
const { header, data } = matrices(shapes);
const sound = file(header, data);

const corpus = new URL('../src/core/onnx/corpus/', import.meta.url);
const onnx = (name: string): Buffer => readFileSync(new URL(`${name}.onnx`, corpus));

const give = async (page: Parameters<typeof open>[0], name: string, buffer: Buffer): Promise<void> =>
  dialog(page)
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });

test('a safetensors file becomes the model, and its own weights the vertical axis', async ({ page }) => {
  await open(page);
  await openSelector(page, 'Model');
  await give(page, 'tiny.safetensors', sound);
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Model tiny.safetensors', exact: true })).toBeVisible();
  await expect(grid(page).getByRole('rowheader')).toHaveText(['Q', 'FFN1', 'FFN2']);
  await expect(steps(page).last()).toHaveText('Open tiny.safetensors');
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  // With weights the plain low-rank share is known: the band closes once they are read.
  await expect(figure(page, 'Band')).toHaveText(/exact|–|^(\d+)\s*to\s*\1/);
  await undo(page).click();
  await expect(page.getByRole('button', { name: 'Model Glyph-ViT, 96 wide', exact: true })).toBeVisible();
});

test('an ONNX file becomes the model: layers by its graph, weights from its external data', async ({
  page,
}) => {
  await open(page);
  await openSelector(page, 'Model');
  await dialog(page)
    .locator('input[type=file]')
    .setInputFiles(
      ['hand-external.onnx', 'hand-external.bin', 'hand-external/ffn.bin'].map((path) => ({
        name: path.replace(/^.*\//, ''),
        mimeType: 'application/octet-stream',
        buffer: readFileSync(new URL(path, corpus)),
      })),
    );
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Model hand-external.onnx', exact: true })).toBeVisible();
  await expect(grid(page).getByRole('rowheader')).toHaveText(['Q', 'K', 'V', 'O', 'FFN1', 'FFN2']);
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  await expect(figure(page, 'Band')).toHaveText(/exact|–|^(\d+)\s*to\s*\1/);
});

test('a file dropped anywhere on the page opens', async ({ page }) => {
  await open(page);
  const transfer = await page.evaluateHandle(
    (bytes) => {
      const dropped = new DataTransfer();
      dropped.items.add(new File([new Uint8Array(bytes)], 'dropped.safetensors'));
      return dropped;
    },
    [...sound],
  );
  for (const kind of ['dragenter', 'dragover', 'drop'])
    await page.getByRole('region', { name: /^Energy-delay/ }).dispatchEvent(kind, { dataTransfer: transfer });
  await expect(page.getByRole('button', { name: 'Model dropped.safetensors', exact: true })).toBeVisible();
});

test('bad files are refused by name and nothing is lost', async ({ page }) => {
  await open(page);
  await openSelector(page, 'Model');
  const query = 'encoder.layer.0.attention.self.query.weight';
  const entry = (offsets: readonly [number, number]) => ({
    dtype: 'F32',
    shape: [8, 8],
    data_offsets: offsets,
  });
  const bad: readonly (readonly [string, Buffer, RegExp])[] = [
    ['cut.safetensors', sound.subarray(0, sound.length - 100), /must lie within|cut off/],
    ['empty.safetensors', Buffer.alloc(0), /at least 8 bytes/],
    ['huge-header.safetensors', file(header, data, 1n << 63n), /header must have at most/],
    [
      'overlap.safetensors',
      file({ 'a.weight': entry([0, 256]), 'b.weight': entry([128, 384]) }, Buffer.alloc(384)),
      /must not overlap/,
    ],
    [
      'proto.safetensors',
      file('{"__proto__":{"dtype":"F32","shape":[8,8],"data_offsets":[0,256]}}', Buffer.alloc(256)),
      /needs a name of its own/,
    ],
    ['words.safetensors', file('just words', Buffer.alloc(4)), /header must start with \{/],
    ['deep.safetensors', file(`{"a":${'['.repeat(5000)}`, Buffer.alloc(4)), /safetensors/],
    [
      'vector.safetensors',
      file({ 'a.bias': { ...entry([0, 256]), shape: [64] } }, Buffer.alloc(256)),
      /linear layer/,
    ],
    ['model.onnx', Buffer.alloc(64), /field numbers must be sound/],
    ['pointer.onnx', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/],
    ['alone.onnx', onnx('hand-external'), /given together with the model/],
    ['notes.txt', Buffer.from('hello'), /must be \.onnx, \.safetensors/],
  ];
  for (const [name, buffer, reason] of bad) {
    await give(page, name, buffer);
    await expect(dialog(page).getByRole('alert').filter({ hasText: reason }), name).toBeVisible();
  }
  await page.keyboard.press('Escape');
  await expect(steps(page)).toHaveText(['Opened']);
  await expect(page.getByRole('button', { name: 'Model Glyph-ViT, 96 wide', exact: true })).toBeVisible();

  // The header is sound, a weight is not: said when it is read, the shapes stay.
  const spoiled = Buffer.from(sound);
  spoiled.writeFloatLE(Number.NaN, spoiled.length - data.length + (header[query]?.data_offsets[0] ?? 0) + 12);
  await openSelector(page, 'Model');
  await give(page, 'nan.safetensors', spoiled);
  await expect(page.getByRole('button', { name: 'Model nan.safetensors', exact: true })).toBeVisible();
  await expect(page.getByText(/must hold finite numbers only/).first()).toBeVisible();
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  await expect(notices(page).getByText(/internal:/)).toHaveCount(0);
});
