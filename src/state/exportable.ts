/** What of a design can be written or run: where its weights are, and the layers with their contraction paths. */
import type { NamedFile, WeightFiles } from '../../workers/protocol.ts';
import { InputError } from '../core/base/checks.ts';
import { findPath, type ContractionPath } from '../core/einsum/path.ts';
import type { WantedLayer } from '../core/export/fit.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { forwardEinsum } from '../core/factor/forward.ts';
import type { Evaluator } from '../core/search/evaluate.ts';
import type { Candidate } from '../core/search/evaluation.ts';
import { taskScore } from '../core/tasks/task.ts';
import { linearRows } from '../core/workload/workload.ts';
import type { ModelChoice } from './config.ts';
import type { Derived } from './derive.ts';

export type Weights =
  | WeightFiles
  /** Shapes only: there never were any. */
  | { readonly kind: 'none' }
  /** They were in a file that this page does not have (any more). */
  | { readonly kind: 'gone'; readonly name: string };

export interface WeightPlaces {
  /** Address of the ONNX file of a model that comes with the page. */
  readonly modelUrl: (id: string) => string;
  /** The dropped files that the config on screen is of. */
  readonly files: () => readonly File[] | null;
  /** A person's examples for them, which factors are then fitted to. */
  readonly examples?: readonly NamedFile[] | undefined;
}

export function weightsOf(model: ModelChoice, { modelUrl, files, examples = [] }: WeightPlaces): Weights {
  switch (model.kind) {
    case 'card':
      return taskScore(model.id) === null
        ? { kind: 'none' }
        : { kind: 'shipped', id: model.id, url: modelUrl(model.id) };
    case 'custom':
    case 'gemm':
      return { kind: 'none' };
    case 'file': {
      const given = files();
      if (given === null) return { kind: 'gone', name: model.name };
      return { kind: 'files', files: given, ...(examples.length > 0 && { examples }) };
    }
  }
  model satisfies never;
}

/** The path that the page shows; the cheapest in MACs where the accelerator cannot hold the layer. */
export function pathOf(evaluator: Evaluator, index: number, f: Factorization): ContractionPath {
  try {
    return evaluator.layer(index, f).path;
  } catch (error) {
    const layer = evaluator.model.linears[index];
    if (!(error instanceof InputError) || layer === undefined) throw error;
    return findPath(forwardEinsum(f, linearRows(layer, evaluator.workload)));
  }
}

/** @param all dense layers too: a storage of weights changes them all */
export function wantedLayers(
  { evaluator, model }: Pick<Derived, 'evaluator' | 'model'>,
  design: Candidate,
  all: boolean,
): readonly WantedLayer[] {
  return model.linears.flatMap(({ name }, index) => {
    const factorization = design[index];
    if (factorization === undefined || (factorization.format === 'dense' && !all)) return [];
    return [{ name, factorization, path: pathOf(evaluator, index, factorization) }];
  });
}
