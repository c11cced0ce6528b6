/**
 * Activations of 8 bits: before each layer x becomes s * clip(round(x / s), -127, 127) with one step s per tensor, the
 * largest |x| of the calibration examples / 127 (symmetric, static; Jacob et al., CVPR 2018, without a zero point). What
 * passes between two factors of one layer is not rounded: the graph multiplies by their product.
 */
import type { ModelProto } from 'onnx-buf';
import { mainGraph, withGraph } from '../../core/onnx/edit-graph.ts';
import { changed, constant } from '../../core/onnx/edit-messages.ts';
import type { LayerSite } from './layers.ts';
import { nodeOf } from './nodes.ts';

const steps = 127;

/** @param largest of each layer's input, by layer name; layers that are missing keep their input as it is */
export function withRoundedInputs(
  model: ModelProto,
  sites: readonly LayerSite[],
  largest: ReadonlyMap<string, number>,
): ModelProto {
  const byWeight = new Map(sites.map((site) => [site.weight, site]));
  // Of a constant zero input any step is right.
  const stepsOf = new Map(
    sites.flatMap(({ name, input }) => {
      const most = largest.get(name);
      return most === undefined ? [] : [[input, most > 0 ? most / steps : 1] as const];
    }),
  );
  const [low, high] = ['rounding/low', 'rounding/high'];
  const rounded = (value: string): string => `${value}/rounded`;
  const { node, initializer } = mainGraph(model);
  const placed = new Set<string>();
  const nodes = node.flatMap((each) => {
    const site = byWeight.get(each.input[1] ?? '');
    if (site === undefined || each.opType !== 'MatMul' || !stepsOf.has(site.input)) return [each];
    const { input } = site;
    const reader = changed(each, { input: [rounded(input), ...each.input.slice(1)] });
    if (placed.has(input)) return [reader];
    placed.add(input);
    const [step, scaled, whole, clipped] = ['step', 'scaled', 'whole', 'clipped'].map(
      (part) => `${input}/${part}`,
    );
    return [
      nodeOf('Div', [input, step!], scaled!),
      nodeOf('Round', [scaled!], whole!),
      nodeOf('Clip', [whole!, low!, high!], clipped!),
      nodeOf('Mul', [clipped!, step!], rounded(input)),
      reader,
    ];
  });
  return withGraph(model, {
    node: nodes,
    initializer: [
      ...initializer,
      constant(low!, [], Float32Array.of(-steps)),
      constant(high!, [], Float32Array.of(steps)),
      ...[...stepsOf].map(([input, step]) => constant(`${input}/step`, [], Float32Array.of(step))),
    ],
  });
}
