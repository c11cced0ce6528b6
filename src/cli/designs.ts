/** A design given as a link or as a file, and the model file it is for: what `export` starts from. */
import { InputError, check } from '../core/base/checks.ts';
import { costLayer } from '../core/cost/layer.ts';
import { createMapper } from '../core/cost/mapper.ts';
import type { Accounting, Objective } from '../core/cost/mapping.ts';
import { findPath, type ContractionPath } from '../core/einsum/path.ts';
import { matchDesign, parseDesign, type Chosen, type DesignLayer } from '../core/export/design.ts';
import type { FileLayer } from '../core/export/fit.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { forwardEinsum } from '../core/factor/forward.ts';
import { unquantized, type Quantization } from '../core/factor/quantization.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import type { ModelFile } from '../core/onnx/dropped-files.ts';
import { taskOf } from '../core/tasks/tasks.ts';
import type { LinearLayer } from '../core/workload/model.ts';
import { linearRows, resolveWorkload, type WorkloadRequest } from '../core/workload/workload.ts';
import type { Config } from '../state/config.ts';
import { modelOf } from '../state/defaults.ts';
import { createDerive } from '../state/derive.ts';
import { encodeLink } from '../state/url.ts';
import { configOfLink } from './links.ts';
import type { OpenModel } from './model-files.ts';
import { shippedModelPath } from './shipped.ts';

export interface Design {
  readonly layers: readonly DesignLayer[];
  /** Canonical; absent for a design file. */
  readonly link?: string;
  readonly config: Config | null;
  readonly quantization: Quantization;
}

/** @throws InputError unless exactly one of the two is given and sound */
export function readDesign(link: string | undefined, file: unknown, subject: string): Design {
  check((link === undefined) !== (file === undefined), subject, 'needs either LINK or --design FILE');
  if (link === undefined) return { layers: parseDesign(file), config: null, quantization: unquantized };
  const config = configOfLink(link, subject);
  const layers = modelOf(config.model).linears.flatMap(({ name }, index): readonly DesignLayer[] => {
    const factorization = config.design[index];
    return factorization === undefined ? [] : [{ name, factorization }];
  });
  return { layers, link: encodeLink(config), config, quantization: config.quantization };
}

/** Path of the model: the one given, or that of the trained model that the link is of. */
export function modelPathOf(given: string | undefined, { config }: Design, subject: string): string {
  if (given !== undefined) return given;
  const card = config?.model.kind === 'card' ? config.model.id : undefined;
  const task = card === undefined ? null : taskOf(card);
  if (task !== null) return shippedModelPath(task.id, subject);
  throw new InputError(
    subject,
    'needs --model FILE: the design is of shapes, the weights are in a file',
    card,
  );
}

/**
 * The file's layers that the design names. A link's names may lack or have the file's leading modules, and its dense
 * layers need not be there.
 */
export function chooseLayers(
  { layers, config }: Design,
  linears: readonly FileLayer[],
): readonly Chosen<FileLayer>[] {
  if (config === null) return matchDesign(layers, linears);
  const named = layers.flatMap((each): readonly DesignLayer[] => {
    const found = sameModule(each.name, linears);
    if (found !== undefined) return [{ ...each, name: found.name }];
    return each.factorization.format === 'dense' ? [] : [each];
  });
  return matchDesign(named, linears);
}

function sameModule(name: string, linears: readonly FileLayer[]): FileLayer | undefined {
  const exact = linears.find((layer) => layer.name === name);
  if (exact !== undefined) return exact;
  const alike = linears.filter((layer) => isSameModule(layer.name, name));
  return alike.length === 1 ? alike[0] : undefined;
}

const isSameModule = (a: string, b: string): boolean => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

/** The file that a design is for: of one that `export` wrote, layers that the design leaves out keep their factors. */
export function fileFor(open: OpenModel, design: Design): ModelFile {
  const names = new Set(chooseLayers(design, open.file.model.linears).map(({ layer }) => layer.name));
  return [...open.design.keys()].every((name) => names.has(name)) ? open.file : open.restored(names);
}

export interface Machine {
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly objective: Objective;
}

/** Contraction paths: a link's as the page shows them, a file's as they are cheapest on the machine given. */
export function pathChooser(
  { config }: Design,
  file: ModelFile,
  given: Machine & WorkloadRequest,
): (layer: LinearLayer, f: Factorization) => ContractionPath {
  if (config !== null) {
    const { linears } = createDerive()(config);
    return (layer, f) => {
      const view = linears.find((each) => isSameModule(each.layer.name, layer.name));
      return view?.cost.path ?? findPath(forwardEinsum(f, config.workload.tokens));
    };
  }
  const workload = resolveWorkload(file.model, given);
  const mapper = createMapper(given.accelerator, given);
  return (layer, f) => {
    const rows = linearRows(layer, workload);
    try {
      return costLayer(mapper, f, rows, 'exact').path;
    } catch (error) {
      // A machine too small for the layer is no reason not to write it.
      if (!(error instanceof InputError)) throw error;
      return findPath(forwardEinsum(f, rows));
    }
  };
}
