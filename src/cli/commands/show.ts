/** `show`: the design in a link, with the cost of each layer. */
import { createDerive } from '../../state/derive.ts';
import { defineCommand } from '../command.ts';
import { shippedCalibration } from '../shipped.ts';
import { configOfLink } from '../links.ts';
import { positional, required, text } from '../options.ts';
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
  readonly layers: readonly LayerFigures[];
}

export const showCommand = defineCommand({
  name: 'show',
  summary: 'the design in a link',
  usage: 'show LINK',
  notes: [
    'LINK is a whole address or its part from #v1. on.',
    'Result: one POINT (see search) whose layers also have {energyPj, latencyCycles, macs, parameters, edpReduction,',
    'value}.',
  ],
  options: { link: required(positional(text('LINK', 'the link'))) },
  run: ({ link }): Result => {
    const config = configOfLink(link, 'show');
    const { model, evaluation, linears } = createDerive(undefined, shippedCalibration)(config);
    const point = pointOf(model, config, evaluation);
    return {
      ...point,
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
