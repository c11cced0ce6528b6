/** Words for undo steps: what changed, where, from what to what. */
import { rankNames } from '../core/factor/ranks.ts';
import type { TransformerModel } from '../core/workload/model.ts';
import type { Config } from './config.ts';

/** `FFN1` for a whole role, `FFN1 of block 3` for one layer, `block 3`, `all layers`, `5 layers`. */
export function nameLayers(model: TransformerModel, layers: readonly number[]): string {
  const { linears } = model;
  const chosen = new Set(layers);
  const [first] = layers;
  const layer = first === undefined ? undefined : linears[first];
  if (layer === undefined) return 'no layer';
  const exactly = (belongs: (index: number) => boolean): boolean =>
    linears.every((_, index) => belongs(index) === chosen.has(index));
  if (exactly((index) => linears[index]?.role === layer.role)) return layer.role;
  if (chosen.size === linears.length) return 'all layers';
  if (chosen.size === 1)
    return layer.block === null ? layer.role : `${layer.role} of block ${layer.block + 1}`;
  if (exactly((index) => linears[index]?.block === layer.block) && layer.block !== null)
    return `block ${layer.block + 1}`;
  const roles = new Set(layers.map((index) => linears[index]?.role));
  return roles.size === 1 ? `${chosen.size} of ${layer.role}` : `${chosen.size} layers`;
}

/** `FFN1 rank 256 to 72`; with several ranks `FFN1 rank r1 256 to 72`. */
export function labelRank(
  model: TransformerModel,
  before: Config,
  after: Config,
  layers: readonly number[],
  rankIndex: number,
): string {
  const changed = layers.find((index) => before.design[index] !== after.design[index]) ?? layers[0] ?? 0;
  const old = before.design[changed];
  const names = old === undefined ? [] : rankNames(old);
  const name = names.length > 1 ? ` ${names[rankIndex]}` : '';
  const from = old?.ranks[rankIndex];
  const to = after.design[changed]?.ranks[rankIndex];
  return `${nameLayers(model, layers)} rank${name} ${from} to ${to}`;
}
