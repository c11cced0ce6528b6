/** The files in public/models against what they say of themselves. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { tasks } from '../../core/tasks/tasks.ts';
import { loadOrt } from '../ort/ort.ts';
import { measureAccuracy } from './measure.ts';
import type { NetworkId } from './networks.ts';
import { recipes } from './recipes.ts';
import { readShipped, shippedModel } from './shipped.ts';

const long = process.env['RANKSCAPE_LONG'] !== undefined;

const bytesOf = (id: NetworkId): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../../public/models/${id}.onnx`, import.meta.url)));

const ids: readonly NetworkId[] = ['glyph-vit', 'lexical-qa'];

describe('shipped models', () => {
  it.each(ids)('%s: as accurate as its file says, and enough', async (id) => {
    const model = fromBinary(ModelProtoSchema, bytesOf(id));
    const said = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
    const accuracy = Number(said.get('held-out accuracy'));
    const examples = Number(said.get('held-out examples'));
    expect(accuracy).toBeGreaterThanOrEqual(recipes[id].least);
    expect(examples).toBeGreaterThanOrEqual(4096);
    expect(Number(said.get('steps'))).toBe(recipes[id].steps);
    const count = long ? examples : 256;
    const { share } = await measureAccuracy(await loadOrt(), tasks[id], model, count);
    // Another machine may round a tie differently; of the first 256, four may be wrong by chance (p < .01).
    expect(Math.abs(share - accuracy)).toBeLessThan(long ? 2 / examples : 4.5 / 256);
  });

  it.each(ids)('%s: is, byte by byte, what is written today for its weights', (id) => {
    const bytes = bytesOf(id);
    const model = fromBinary(ModelProtoSchema, bytes);
    const { network, parameters } = readShipped(model);
    const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    const again = toBinary(ModelProtoSchema, shippedModel(network, parameters, metadata));
    expect(bytes.equals(again)).toBe(true);
  });
});
