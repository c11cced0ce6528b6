/**
 * Reverse water-filling, the classical way to spread svd ranks: from dense down, drop the components that do the least
 * damage per parameter saved, whatever layer they are of. Knows parameters, not the machine. Each layer moves along the
 * lower convex hull of (parameters, damage), so that a step that only pays together with the next is taken together.
 * Source: bit allocation of rate-distortion theory (Cover, Thomas, "Elements of Information Theory", 10.3.3).
 */
import type { Factorization } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';
import { denseFactorization } from '../factor/ranks.ts';
import { hullEdges } from './pareto.ts';
import type { Shape } from './assembly.ts';
import type { Search, SearchSetting } from './setting.ts';
import { createStudy, type Study } from './study.ts';

/** One layer of a class goes down to `f`. */
interface Drop {
  readonly group: number;
  readonly place: number;
  readonly f: Factorization;
  /** Damage per parameter saved. */
  readonly price: number;
}

export function* waterFilling(setting: SearchSetting): Search {
  const study = createStudy(setting);
  const { assembly, recorder, pool, offsets } = study;
  if (assembly.free.length > 0) {
    const ladders = assembly.shapes.map(svdLadder);
    const drops = assembly.free
      .flatMap((_, group) => dropsOf(study, group, ladders))
      .sort((a, b) => a.price - b.price || a.group - b.group || a.place - b.place);
    const stride = Math.max(1, Math.ceil(drops.length / affordableDesigns(study, drops)));
    const wanted = Array.from({ length: offsets.at(-1) ?? 0 }, (): Factorization | null => null);
    const picks = new Int32Array(wanted.length);
    for (const [done, { group, place, f }] of drops.entries()) {
      wanted[(offsets[group] ?? 0) + place] = f;
      if ((done + 1) % stride !== 0 && done + 1 < drops.length) continue;
      if (recorder.evaluations + assembly.free.length + 2 > setting.budget) break;
      for (const [of, { shape }] of assembly.free.entries())
        for (let i = offsets[of] ?? 0; i < (offsets[of + 1] ?? 0); i++) {
          const next = wanted[i];
          if (next !== null && next !== undefined) picks[i] = pool.column(shape, next);
        }
      recorder.assembled();
      study.record(picks);
      yield recorder.batch();
    }
  }
  yield recorder.batch();
  return recorder.result();
}

/** Svd of every rank with fewer parameters than dense, the largest first. */
function svdLadder({ out, in: columns }: Shape): readonly Factorization[] {
  const ladder: Factorization[] = [];
  for (let rank = Math.min(out, columns); rank >= 1; rank--)
    if (rank * (out + columns) < out * columns)
      ladder.push({ format: 'svd', outModes: [out], inModes: [columns], ranks: [rank] });
  return ladder;
}

/** The steps of all layers of a class, at ever higher prices. */
function dropsOf(
  { assembly, setting }: Study,
  group: number,
  ladders: readonly (readonly Factorization[])[],
): readonly Drop[] {
  const { shape = 0, layers = [] } = assembly.free[group] ?? {};
  const ladder = ladders[shape] ?? [];
  const { out, in: columns } = assembly.shapes[shape] ?? { out: 1, in: 1 };
  const rungs = [denseFactorization(out, columns), ...ladder];
  let most = 0;
  // An estimate may let a component more do harm; then it is not taken for one.
  const damage = rungs.map(
    (f) => (most = Math.max(most, setting.evaluator.accuracy.damage(layers[0] ?? 0, f).value)),
  );
  const parameters = rungs.map(parameterCount);
  // The hull's edges run down in y as x rises: parameters fall as damage rises.
  const edges = hullEdges(damage, parameters);
  return edges.flatMap(([from, to]) => {
    const f = rungs[to];
    if (f === undefined) return [];
    const saved = (parameters[from] ?? 0) - (parameters[to] ?? 0);
    const price = ((damage[to] ?? 0) - (damage[from] ?? 0)) / saved;
    return layers.map((_, place) => ({ group, place, f, price }));
  });
}

/** How many designs the budget has room for, beside the candidates they are made of. */
function affordableDesigns({ assembly, setting, recorder }: Study, drops: readonly Drop[]): number {
  const left = setting.budget - recorder.evaluations;
  const candidates = new Set(drops.map(({ f }) => f)).size;
  return Math.max(1, left - candidates, Math.floor(left / (assembly.free.length + 1)));
}
