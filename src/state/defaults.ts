/**
 * What a new page opens with, and the model behind a choice. Any model opens with the same rule: every layer that may
 * be factorized is a plain low-rank pair (svd) of one rank, about 37 % of the parameters.
 */
import { denseFactorization } from '../core/factor/ranks.ts';
import { referenceExecution } from '../core/cost/execution.ts';
import { tiers } from '../core/accuracy/figure.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { unquantized } from '../core/factor/quantization.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import { presets } from '../core/hardware/presets.ts';
import { defaultBudget } from '../core/search/setting.ts';
import { invariant } from '../core/base/checks.ts';
import { modelById } from '../core/workload/cards.ts';
import { customModel, gemmModel } from '../core/workload/custom.ts';
import { attentionOf } from '../core/workload/layers.ts';
import type { LinearLayer, TransformerModel } from '../core/workload/model.ts';
import { resolveWorkload } from '../core/workload/workload.ts';
import type { Config, ModelChoice, SearchSettings, View } from './config.ts';

/** Uniform svd of BERT-base at this share of its linear parameters has 5.7 times lower EDP at 128 tokens. */
const openingShare = 0.37;
/** No layer opens above this share of its break-even rank. */
const closestToBreakEven = 0.5;

const openingSearch: SearchSettings = { strategy: 'sweep', budget: defaultBudget, seed: 1, limit: null };

const models = new WeakMap<ModelChoice, TransformerModel>();

/** The model of a choice; an `InputError` when the choice is unsound. Memoized by identity. */
export function modelOf(choice: ModelChoice): TransformerModel {
  const known = models.get(choice);
  if (known !== undefined) return known;
  const model = makeModel(choice);
  models.set(choice, model);
  return model;
}

function makeModel(choice: ModelChoice): TransformerModel {
  switch (choice.kind) {
    case 'card':
      return modelById(choice.id);
    case 'custom':
      return customModel(choice.spec);
    case 'gemm':
      return gemmModel(choice.n, choice.k);
    case 'file':
      return {
        id: 'file',
        title: choice.name,
        source: `shapes read from ${choice.name}`,
        linears: choice.linears,
        attention: choice.heads === null ? [] : attentionOf(choice.linears, choice.heads),
        embeddings: [],
        defaultSequence: choice.sequence.usual,
        maxSequence: choice.sequence.most,
      };
  }
  choice satisfies never;
}

/**
 * X fan-out of the innermost spatial level: the width that ranks are snapped to (ws16: 16, simba: 8).
 */
export function arrayWidth(accelerator: Accelerator): number {
  const { levels, mac } = accelerator;
  for (let i = levels.length - 1; i >= 0; i--) {
    const inner = levels[i + 1]?.meshX ?? mac.meshX;
    const fanOut = Math.floor(inner / (levels[i]?.meshX ?? 1));
    if (fanOut > 1) return fanOut;
  }
  return 1;
}

/** The multiple of `step` nearest to a rank, never 0. */
export function snapRank(rank: number, step: number): number {
  return Math.max(step, Math.round(rank / step) * step);
}

/** One factorization per linear layer: uniform svd, snapped to the array, dense where `factorize` is false. */
export function openingDesign(model: TransformerModel, accelerator: Accelerator): readonly Factorization[] {
  const width = arrayWidth(accelerator);
  const free = model.linears.filter((layer) => layer.factorize);
  const dense = free.reduce((sum, layer) => sum + layer.out * layer.in, 0);
  const perRank = free.reduce((sum, layer) => sum + layer.out + layer.in, 0);
  const uniform = (openingShare * dense) / Math.max(1, perRank);
  return model.linears.map((layer) =>
    layer.factorize ? openingLayer(layer, uniform, width) : denseFactorization(layer.out, layer.in),
  );
}

function openingLayer(layer: LinearLayer, uniform: number, width: number): Factorization {
  const breakEven = (layer.out * layer.in) / (layer.out + layer.in);
  const largest = Math.max(1, Math.floor(closestToBreakEven * breakEven));
  const snapped = snapRank(uniform, width);
  const rank = snapped <= largest ? snapped : Math.max(1, Math.floor(largest / width) * width || largest);
  return { format: 'svd', outModes: [layer.out], inModes: [layer.in], ranks: [rank] };
}

/** Layers of the first FFN1 group, or of the first role that may be factorized. */
export function openingSelection(model: TransformerModel): readonly number[] {
  const first =
    model.linears.find((layer) => layer.group === 'FFN1' && layer.factorize) ??
    model.linears.find((layer) => layer.factorize) ??
    model.linears[0];
  invariant(first !== undefined, `model ${model.id} has no linear layer`);
  return model.linears.flatMap((layer, index) => (layer.role === first.role ? [index] : []));
}

export function openingView(model: TransformerModel): View {
  const selection = openingSelection(model);
  return {
    selection,
    focus: selection[0] ?? 0,
    axis: 'edp',
    gridColour: 'edp',
    panel: 'ranks',
    snap: false,
    tiers,
    reference: 'dense',
  };
}

/** What a new page opens with: the Glyph-ViT on an edge machine, nine images in flight. */
export function initialConfig(): Config {
  return openingConfig('glyph-vit', 'ws8t');
}

/** A card on a preset as they open: the card's own workload, the opening design. */
export function openingConfig(card: string, preset: string): Config {
  const choice: ModelChoice = { kind: 'card', id: card };
  const model = modelOf(choice);
  const accelerator = presets[preset];
  invariant(accelerator !== undefined, `preset ${preset} is missing`);
  return {
    model: choice,
    workload: resolveWorkload(model, {}),
    accelerator,
    accounting: 'timeloop',
    execution: referenceExecution,
    design: openingDesign(model, accelerator),
    quantization: unquantized,
    locks: [],
    search: openingSearch,
    pins: [],
    view: openingView(model),
  };
}
