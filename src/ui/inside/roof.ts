/**
 * Rooflines in words and as a table of the whole model: how many MACs per cycle a layer attains, which roof is lowest (the
 * array's or that of a level's ports), and where energy and delay go. Layers that no figure can tell apart share a row.
 */
import { roofline, type LevelRoof, type Roofline } from '../../core/cost/roofline.ts';
import type { FixedCost } from '../../core/cost/surroundings.ts';
import type { Derived, LinearView } from '../../state/derive.ts';
import { formatCount, formatExact, formatNumber, formatPercent } from '../format.ts';
import { formatTitle, rangesText } from '../words.ts';

export interface RoofRow {
  readonly name: string;
  /** `SVD 188`; empty for what is no linear layer. */
  readonly design: string;
  /** Positions in `model.linears`. */
  readonly layers: readonly number[];
  /** Of one layer; null for what is no linear layer. */
  readonly roof: Roofline | null;
  /** MACs per cycle; null where nothing is multiplied. */
  readonly attained: number | null;
  /** Of all layers of the row. */
  readonly energyPj: number;
  readonly latencyCycles: number;
  /** Outermost first, then the MACs. */
  readonly energyByLevelPj: readonly number[];
}

/** Every part of a step of the model; the rows add up to its energy and delay. */
export function modelRows({ model, evaluator, linears }: Derived): readonly RoofRow[] {
  const { mapper, gear, attention, vector } = evaluator;
  // Layers of one shape, design and surroundings share one cost.
  const found = new Map<string, { readonly layers: number[]; readonly view: LinearView }>();
  const costs = [...new Set(linears.map(({ cost }) => cost))];
  for (const view of linears) {
    const key = `${view.layer.role} ${costs.indexOf(view.cost)}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { layers: [view.index], view });
    else known.layers.push(view.index);
  }
  const roofs = new Map(costs.map((cost) => [cost, roofline(mapper, cost, gear)]));
  const rows = [...found.values()].map(({ layers, view }): RoofRow => {
    const { cost, factorization, layer } = view;
    const roof = roofs.get(cost) ?? null;
    const blocks = layers.flatMap((index) => {
      const block = model.linears[index]?.block ?? null;
      return block === null ? [] : [block + 1];
    });
    return {
      name: blocks.length === 0 ? layer.role : `${layer.role} ${rangesText(blocks)}`,
      design: [formatTitle(factorization.format), ...factorization.ranks].join(' '),
      layers,
      roof,
      attained: roof !== null && roof.cycles > 0 ? roof.attained : null,
      energyPj: layers.length * cost.energyPj,
      latencyCycles: layers.length * cost.latencyCycles,
      energyByLevelPj: cost.energyByLevelPj.map((energy) => layers.length * energy),
    };
  });
  const beside = (name: string, cost: FixedCost): readonly RoofRow[] =>
    cost.energyPj === 0
      ? []
      : [
          {
            ...cost,
            name,
            design: '',
            layers: [],
            roof: null,
            attained: cost.macs > 0 ? cost.macs / cost.latencyCycles : null,
          },
        ];
  return [...rows, ...beside('Attention products', attention), ...beside('Vector work', vector)];
}

/** The lowest roof of a port; null where all ports are unlimited or idle. */
export function lowestPort({ levels }: Roofline): LevelRoof | null {
  return levels.reduce<LevelRoof | null>(
    (least, roof) => (roof.macsPerCycle < (least?.macsPerCycle ?? Infinity) ? roof : least),
    null,
  );
}

/** Three digits, since a roof may be far from the array. */
export const rate = (macsPerCycle: number): string =>
  macsPerCycle < 99.95 ? formatNumber(macsPerCycle, 1) : formatCount(Math.round(macsPerCycle));

/** `The layer runs 112 of 256 MACs per cycle under the roof of DRAM, 118 at 14.2 MACs per word`. */
export function sayRoof(roof: Roofline): string {
  const { attained, peak, boundBy } = roof;
  const port = lowestPort(roof);
  const runs = `The layer runs ${rate(attained)} of ${formatExact(peak)} MACs per cycle`;
  const height = port === null ? '' : `${rate(port.macsPerCycle)} at ${intensity(port)} MACs per word`;
  if (boundBy !== null) return `${runs} under the roof of ${boundBy}, ${height}`;
  return `${runs}, the array's roof${port === null ? '' : `; the next one is ${port.level}'s, ${height}`}`;
}

export const intensity = ({ macsPerWord }: LevelRoof): string => rate(macsPerWord);

/** A port's roof this near the array's is not worth a word. */
const near = 0.95;

/** What bounds the model: one sentence where there is nothing else to see. */
export function sayRoofs(rows: readonly RoofRow[]): string {
  const linear = rows.flatMap(({ roof, layers, latencyCycles }) =>
    roof === null ? [] : [{ roof, count: layers.length, latencyCycles }],
  );
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const delay = sum(rows.map(({ latencyCycles }) => latencyCycles));
  const count = sum(linear.map((row) => row.count));
  const peak = linear[0]?.roof.peak ?? 0;
  const macs = sum(linear.map((row) => row.count * row.roof.macs));
  const mean = macs / sum(linear.map(({ latencyCycles }) => latencyCycles));
  const runs = `linear layers run ${rate(mean)} of ${formatExact(peak)} MACs per cycle on average`;
  const low = linear.filter(({ roof }) => (lowestPort(roof)?.macsPerCycle ?? Infinity) < near * peak);
  const bounds = [...new Set(low.map(({ roof }) => roof.boundBy))].map((name) => {
    const bound = low.filter(({ roof }) => roof.boundBy === name);
    const share = sum(bound.map(({ latencyCycles }) => latencyCycles)) / delay;
    const part = share < 0.005 ? 'under 1%' : formatPercent(100 * share, 0);
    return `${name} bounds ${sum(bound.map((row) => row.count))} of ${count} linear layers, ${part} of the delay`;
  });
  return `${bounds.length === 0 ? 'No port holds back a layer' : bounds.join('; ')}; ${runs}.`;
}
