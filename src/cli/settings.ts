/** Settings beside the design as options. What is absent stays as it was: a link's own, or as the references count. */
import { InputError } from '../core/base/checks.ts';
import { checkExecution, type Execution } from '../core/cost/execution.ts';
import { quantizationByName } from '../core/factor/check-quantization.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import { choice, finite, toggle, type Option, type Values } from './options.ts';

/** A number, or `machine` for its own. */
const dramWords: Option<number | null | undefined> = {
  ...finite("words per cycle of the outermost level each way, or machine: the machine's own", 'N'),
  read: (raw, place) =>
    raw === 'machine' ? null : finite('words per cycle of the outermost level').read(raw, place),
};

const quantization: Option<Quantization | undefined> = {
  value: 'NAME',
  help: 'how weights are stored: none, w8a8, intB-row, intB-gN, fp4-gN or paletteB, int4-g128 say',
  read: (raw, place) => {
    if (raw === undefined || raw === null) return undefined;
    if (typeof raw === 'string') return quantizationByName(raw);
    throw new InputError(place.command, '--quantization must be a name', raw);
  },
};

export const settingOptions = {
  fusion: toggle('intermediates of a layer stay on chip where they fit and that is better'),
  sharedLoops: toggle('with fusion: steps may share loops where an intermediate does not fit whole'),
  residency: toggle('activations stay on chip between operations where they fit'),
  wholeModel: toggle('norms, softmax, activations and residuals count; shared keys are fetched once'),
  swap: toggle('operands of a step may change places where that is cheaper'),
  dataflow: choice(['flexible', 'fixed'], 'how freely the array maps; fixed pads nothing'),
  dramWords,
  hop: finite('energy per word and fan-out that it passes; 0 in the references', 'PJ'),
  leakage: finite('energy per cycle of the whole chip; 0 in the references', 'PJ'),
  doubleBuffered: toggle('tiles take twice their words'),
  ragged: toggle('awkward extents run with partial last tiles, real words only, instead of padded'),
  quantization,
};

/** @param own what is not given stays so; @throws InputError when the bandwidth is unsound */
export function executionOf(given: Values<typeof settingOptions>, own: Execution): Execution {
  const { fusion, residency, wholeModel, swap, dataflow, dramWords: words, hop, leakage } = given;
  return checkExecution({
    fusion: fusion ?? own.fusion,
    sharedLoops: given.sharedLoops ?? own.sharedLoops,
    residency: residency ?? own.residency,
    wholeModel: wholeModel ?? own.wholeModel,
    swap: swap ?? own.swap,
    dataflow: dataflow ?? own.dataflow,
    outerWordsPerCycle: words === undefined ? own.outerWordsPerCycle : words,
    hopPj: hop ?? own.hopPj,
    leakagePjPerCycle: leakage ?? own.leakagePjPerCycle,
    doubleBuffered: given.doubleBuffered ?? own.doubleBuffered,
    ragged: given.ragged ?? own.ragged,
  });
}
