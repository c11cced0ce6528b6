/** Test-only: arbitrary sound configs, of every kind of model, format, machine and view. */
import fc from 'fast-check';
import { tiers } from '../core/accuracy/figure.ts';
import { formats, type Factorization, type Format } from '../core/factor/factorization.ts';
import { unquantized, type Quantization } from '../core/factor/quantization.ts';
import { checkFactorization, clipRanks, denseFactorization, rankCount } from '../core/factor/ranks.ts';
import { orderedFactorizations } from '../core/factor/tensorization.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import { presets } from '../core/hardware/presets.ts';
import { groups, type LinearLayer, type TransformerModel } from '../core/workload/model.ts';
import { resolveWorkload } from '../core/workload/workload.ts';
import {
  axes,
  panels,
  pinLetters,
  strategies,
  type Config,
  type Lock,
  type ModelChoice,
  type View,
} from './config.ts';
import { modelOf } from './defaults.ts';

const extent = fc.constantFrom(1, 2, 6, 7, 12, 16, 48, 64, 96, 97, 768, 3072);

const linear = fc.record({
  name: fc.string({ maxLength: 24, unit: 'grapheme' }),
  role: fc.constantFrom('Q', 'Up', 'Größe', ''),
  group: fc.constantFrom(...groups),
  block: fc.option(fc.nat(40)),
  out: extent,
  in: extent,
  bias: fc.boolean(),
  factorize: fc.boolean(),
  rows: fc.constantFrom(undefined, 'sequences' as const),
});

function asLinear({
  rows,
  ...layer
}: LinearLayer & { readonly rows?: 'sequences' | undefined }): LinearLayer {
  return rows === undefined ? layer : { ...layer, rows };
}

const choice: fc.Arbitrary<ModelChoice> = fc.oneof(
  fc.record({
    kind: fc.constant('card' as const),
    id: fc.constantFrom('bert-base', 'gpt2', 'vit-b16', 'llama-7b'),
  }),
  fc.record({
    kind: fc.constant('custom' as const),
    spec: fc.record({
      width: fc.constantFrom(96, 192, 768),
      layers: fc.integer({ min: 1, max: 14 }),
      ffn: fc.constantFrom(192, 384, 2048),
      heads: fc.constantFrom(4, 12),
      kvHeads: fc.constantFrom(1, 2, 4),
      gatedMlp: fc.boolean(),
      vocabulary: fc.constantFrom(0, 1000),
    }),
  }),
  fc.record({ kind: fc.constant('gemm' as const), n: extent, k: extent }),
  fc.record({
    kind: fc.constant('file' as const),
    name: fc.string({ maxLength: 30 }),
    bytes: fc.nat({ max: 2 ** 45 }),
    heads: fc.constantFrom(null, { heads: 12, kvHeads: 4, headWidth: 64 }),
    sequence: fc.constantFrom({ usual: 128, most: 512 }, { usual: 128, most: 131_072 }),
    linears: fc
      .uniqueArray(linear, { minLength: 1, maxLength: 12, selector: (layer) => layer.name })
      .map((layers) => layers.map((layer) => asLinear(layer as LinearLayer))),
  }),
);

const figure = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

const accelerator: fc.Arbitrary<Accelerator> = fc
  .record({
    preset: fc.constantFrom(...Object.keys(presets)),
    name: fc.constantFrom(null, 'mine', 'Ä long nàme'),
    depth: fc.option(fc.integer({ min: 1024, max: 1e9 })),
    energy: fc.option(figure),
    rate: fc.option(fc.integer({ min: 1, max: 1000 })),
    clock: fc.option(fc.integer({ min: 1e6, max: 4e9 })),
  })
  .map(({ preset, name, depth, energy, rate, clock }) => {
    const from = presets[preset] as Accelerator;
    const levels = from.levels.map((level, i) => ({
      ...level,
      depthWords: i === 1 && depth !== null ? depth : level.depthWords,
      readEnergyPj: energy !== null ? energy : level.readEnergyPj,
      writeWordsPerCycle: i === 1 && rate !== null ? rate : level.writeWordsPerCycle,
    }));
    return { ...from, name: name ?? from.name, clockHz: clock ?? from.clockHz, levels };
  });

/** Any realizable factorization of W [out, in], from integers. */
function factorizationFrom(layer: LinearLayer, format: Format, seeds: readonly number[]): Factorization {
  const seed = (i: number): number => seeds[i % seeds.length] ?? 0;
  const modes = (extentOf: number, i: number): readonly number[] => {
    const all = orderedFactorizations(extentOf, 2 + (format === 'ttm' ? seed(0) % 2 : 0));
    return all[seed(i) % Math.max(1, all.length)] ?? [];
  };
  if (format === 'dense') return denseFactorization(layer.out, layer.in);
  const flat = format === 'svd';
  const outModes = flat ? [layer.out] : modes(layer.out, 1);
  const inModes = flat ? [layer.in] : modes(layer.in, 2);
  if (outModes.length === 0 || inModes.length === 0) return denseFactorization(layer.out, layer.in);
  const ranks = Array.from(
    { length: rankCount(format, outModes.length, inModes.length) },
    (_, i) => 1 + (seed(3 + i) % 900),
  );
  return checkFactorization(clipRanks({ format, outModes, inModes, ranks }), layer.out, layer.in);
}

function design(model: TransformerModel): fc.Arbitrary<readonly Factorization[]> {
  const { length } = model.linears;
  const some = fc.record({
    format: fc.constantFrom(...formats),
    seeds: fc.array(fc.nat(100_000), { minLength: 4, maxLength: 10 }),
  });
  return fc
    .array(some, { minLength: 1, maxLength: 6 })
    .chain((palette) =>
      fc
        .array(fc.nat(palette.length - 1), { minLength: length, maxLength: length })
        .map((places) => ({ palette, places })),
    )
    .map(({ palette, places }) =>
      model.linears.map((layer, i) => {
        const entry = palette[places[i] ?? 0];
        return factorizationFrom(layer, entry?.format ?? 'dense', entry?.seeds ?? [0]);
      }),
    );
}

function locks(of: readonly Factorization[]): fc.Arbitrary<readonly Lock[]> {
  const all = of.flatMap((f, layer) => [
    { layer, rank: null },
    ...f.ranks.map((_, rank) => ({ layer, rank })),
  ]);
  return fc.subarray(all, { maxLength: Math.min(20, all.length) });
}

const ascending = (a: number, b: number): number => a - b;

export const soundConfig: fc.Arbitrary<Config> = choice.chain((model) => {
  const transformer = modelOf(model);
  const layers = transformer.linears.map((_, index) => index);
  return design(transformer).chain((of) =>
    fc
      .record({
        workload: fc.constantFrom({}, { tokens: 8 }, { tokens: 64, batch: 64 }, { tokens: 1 }),
        accelerator,
        accounting: fc.constantFrom('timeloop' as const, 'accelforge' as const),
        execution: fc.record({
          dataflow: fc.constantFrom('flexible' as const, 'fixed' as const),
          swap: fc.boolean(),
          fusion: fc.boolean(),
          sharedLoops: fc.boolean(),
          residency: fc.boolean(),
          wholeModel: fc.boolean(),
          outerWordsPerCycle: fc.option(fc.constantFrom(0.5, 4, 16)),
          hopPj: fc.constantFrom(0, 0.25, 2),
          leakagePjPerCycle: fc.constantFrom(0, 0, 5.5),
          doubleBuffered: fc.boolean(),
          ragged: fc.boolean(),
        }),
        locks: locks(of),
        search: fc.record({
          strategy: fc.constantFrom(...strategies),
          budget: fc.integer({ min: 1, max: 1e6 }),
          seed: fc.nat({ max: 2 ** 32 - 1 }),
          limit: fc.option(fc.double({ min: -50, max: 100, noNaN: true }).filter((x) => !Object.is(x, -0))),
        }),
        quantization: fc.constantFrom<Quantization>(
          unquantized,
          { kind: 'w8a8' },
          { kind: 'int', bits: 4, group: 128 },
          { kind: 'int', bits: 3, group: 'row' },
          { kind: 'fp4', group: 16 },
          { kind: 'palette', bits: 2 },
        ),
        pinned: fc.subarray([...pinLetters]),
        pinDesign: design(transformer),
        selection: fc.subarray(layers, { minLength: 1 }),
        focus: fc.nat(),
        view: fc.record({
          axis: fc.constantFrom(...axes),
          gridColour: fc.constantFrom('edp' as const, 'rank' as const),
          panel: fc.constantFrom(...panels),
          snap: fc.boolean(),
          tiers: fc.subarray([...tiers], { minLength: 1 }),
        }),
        reference: fc.nat(),
      })
      .map((parts): Config => {
        const pins = parts.pinned.map((letter, i) => ({ letter, design: i === 0 ? of : parts.pinDesign }));
        const references: readonly View['reference'][] = ['dense', 'now', ...parts.pinned];
        const selection = [...parts.selection].sort(ascending);
        return {
          model,
          workload: resolveWorkload(transformer, parts.workload),
          accelerator: parts.accelerator,
          accounting: parts.accounting,
          execution: parts.execution,
          design: of,
          quantization: parts.quantization,
          locks: parts.locks,
          search: parts.search,
          pins,
          view: {
            ...parts.view,
            selection,
            focus: selection[parts.focus % selection.length] ?? 0,
            reference: references[parts.reference % references.length] ?? 'dense',
          },
        };
      }),
  );
});
