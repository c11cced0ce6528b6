/** `show`: the design in a link, with the cost of each layer. */
import type { Execution } from '../../core/cost/execution.ts';
import { quantizationName } from '../../core/factor/check-quantization.ts';
import type { Config } from '../../state/config.ts';
import { createDerive } from '../../state/derive.ts';
import { defineCommand } from '../command.ts';
import { shippedCalibration } from '../shipped.ts';
import { configOfLink } from '../links.ts';
import { positional, required, text } from '../options.ts';
import { executionOf, settingOptions } from '../settings.ts';
import { describeLayer, pointOf, type Point, type PointLayer } from '../point.ts';
import { facts, table } from '../table.ts';

interface LayerFigures extends PointLayer {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly macs: number;
  /** Of the factors, without bias. */
  readonly parameters: number;
  /** Dense EDP of the layer / its EDP. */
  readonly edpReduction: number;
  /** Share of the squared weights kept, percent. */
  readonly value: number;
}

interface Result extends Point {
  readonly execution: Execution;
  /** By name: `none`, `int4-g128`. */
  readonly quantization: string;
  readonly layers: readonly LayerFigures[];
}

export const showCommand = defineCommand({
  name: 'show',
  summary: 'the design in a link',
  usage:
    'show LINK [--fusion] [--shared-loops] [--residency] [--whole-model] [--swap] [--dataflow D] [--dram-words N]\n' +
    '       [--hop PJ] [--leakage PJ] [--double-buffered] [--ragged] [--quantization Q]',
  notes: [
    'LINK is a whole address or its part from #v1. on.',
    'Result: one POINT (see search) with {execution, quantization}, whose layers also have {energyPj, latencyCycles, macs,',
    "parameters, edpReduction, value}. Settings that are not given are the link's own; --fusion=false turns one off. The",
    "point's link has the settings that it was counted with. EDP reductions of the model are against the dense model at the",
    "machine's own words under the same settings, those of layers against the same layer dense, stored alike.",
  ],
  options: { link: required(positional(text('LINK', 'the link'))), ...settingOptions },
  run: ({ link, ...given }): Result => {
    const own = configOfLink(link, 'show');
    const execution = executionOf(given, own.execution);
    const quantization = given.quantization ?? own.quantization;
    const config: Config = { ...own, execution, quantization };
    const { model, evaluation, linears } = createDerive(undefined, shippedCalibration)(config);
    const point = pointOf(model, config, evaluation);
    return {
      ...point,
      execution,
      quantization: quantizationName(quantization),
      layers: point.layers.flatMap((layer, index) => {
        const view = linears[index];
        if (view === undefined) return [];
        const { cost, denseCost, kept } = view;
        return {
          ...layer,
          energyPj: cost.energyPj,
          latencyCycles: cost.latencyCycles,
          macs: cost.macs,
          parameters: cost.parameters,
          edpReduction: (denseCost.energyPj * denseCost.latencyCycles) / (cost.energyPj * cost.latencyCycles),
          value: 100 * kept.value,
        };
      }),
    };
  },
  print: (point) => {
    const { metric, tier, value, low, high } = point.accuracy;
    return [
      facts([
        ['EDP reduction', point.edpReduction],
        ['energy', point.energyPj],
        ['latency (cycles)', point.latencyCycles],
        ['parameters', point.parameters],
        ['MACs', point.macs],
        ['weight bytes', point.bytes],
        ['execution', describeExecution(point.execution)],
        ['quantization', point.quantization],
        [`${metric} (${tier})`, `${value.toFixed(2)}  [${low.toFixed(2)}, ${high.toFixed(2)}]`],
      ]),
      '',
      table(
        ['layer', 'factorization', 'EDP reduction', 'energy', 'cycles', 'parameters', 'kept %'],
        point.layers.map((layer) => [
          layer.layer,
          describeLayer(layer),
          layer.edpReduction,
          layer.energyPj,
          layer.latencyCycles,
          layer.parameters,
          layer.value,
        ]),
      ),
    ].join('\n');
  },
});

/** `fusion, residency`; `reference` where every operation is counted by itself. */
function describeExecution(execution: Execution): string {
  const { fusion, residency, wholeModel, swap, dataflow, outerWordsPerCycle } = execution;
  const { hopPj, leakagePjPerCycle, doubleBuffered, ragged } = execution;
  const parts = [
    fusion ? ['fusion'] : [],
    fusion && execution.sharedLoops ? ['shared loops'] : [],
    residency ? ['residency'] : [],
    wholeModel ? ['whole model'] : [],
    swap ? ['swap'] : [],
    dataflow === 'fixed' ? ['fixed dataflow'] : [],
    outerWordsPerCycle === null ? [] : [`${outerWordsPerCycle} DRAM words a cycle`],
    hopPj > 0 ? [`${hopPj} pJ a hop`] : [],
    leakagePjPerCycle > 0 ? [`${leakagePjPerCycle} pJ of leakage a cycle`] : [],
    doubleBuffered ? ['double buffers'] : [],
    ragged ? ['ragged tiles'] : [],
  ].flat();
  return parts.join(', ') || 'reference';
}
