/** Test-only: every mapping of a contraction in every loop order, as long as there are not too many. */
import type { Accelerator, MemoryLevel } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { fanOut } from './counts.ts';
import type { Contraction, LevelLoops, Loop, Mapping } from './mapping.ts';

/** All ways to write `extent` as an ordered product of `slots` factors. */
export function splits(extent: number, slots: number): number[][] {
  if (slots === 1) return [[extent]];
  const all: number[][] = [];
  for (let f = 1; f <= extent; f += 1) {
    if (extent % f === 0) for (const rest of splits(extent / f, slots - 1)) all.push([f, ...rest]);
  }
  return all;
}

/** Every order of the loops. */
export function orders(loops: readonly Loop[]): Loop[][] {
  if (loops.length <= 1) return [[...loops]];
  return loops.flatMap((loop, i) => orders(loops.filter((_, j) => j !== i)).map((rest) => [loop, ...rest]));
}

/** Calls `visit` with every legal mapping; null when there are more than `most`. */
export function everyMapping(
  accelerator: Accelerator,
  contraction: Contraction,
  most: number,
): Mapping[] | null {
  const { levels } = accelerator;
  const fans = levels.map((_, l) => fanOut(accelerator, l));
  const fanLevels = fans.flatMap((fan, l) => (fan.x * fan.y > 1 ? [l] : []));
  const dims = Object.keys(contraction.extents);
  const slots = levels.length + fanLevels.length;
  const perDim = dims.map((dim) => splits(contraction.extents[dim] ?? 1, slots));
  if (perDim.reduce((all, list) => all * list.length, 1) > most * 20) return null;
  let chosen: number[][][] = [[]];
  for (const list of perDim) chosen = chosen.flatMap((prefix) => list.map((item) => [...prefix, item]));
  const found: Mapping[] = [];
  for (const factors of chosen) {
    const temporal = levels.map((_, l) =>
      dims.map((dim, d): Loop => [dim, factors[d]?.[l] ?? 1]).filter(([, b]) => b > 1),
    );
    const spatial = levels.map((_, l): Loop[] => {
      const f = fanLevels.indexOf(l);
      return f < 0
        ? []
        : dims.map((dim, d): Loop => [dim, factors[d]?.[levels.length + f] ?? 1]).filter(([, b]) => b > 1);
    });
    if (!fans.every((fan, l) => fitsMesh(spatial[l] ?? [], fan.x, fan.y))) continue;
    if (!levels.every((level, l) => fitsDepth(level, l, contraction, temporal, spatial))) continue;
    let nests: LevelLoops[][] = [[]];
    for (const [l, level] of levels.entries()) {
      // Nothing is kept below the innermost level: its order cannot matter.
      const options = l === levels.length - 1 ? [temporal[l] ?? []] : orders(temporal[l] ?? []);
      nests = nests.flatMap((outer) =>
        options.map((loops) => [
          ...outer,
          { level: level.name, temporal: loops, spatial: splitLoops(spatial[l] ?? [], fans[l]) },
        ]),
      );
    }
    found.push(...nests);
    if (found.length > most) return null;
  }
  return found;
}

const fitsMesh = (loops: readonly Loop[], x: number, y: number): boolean => {
  const total = loops.reduce((all, [, bound]) => all * bound, 1);
  for (let along = 1; along <= x; along += 1) if (total % along === 0 && total / along <= y) return true;
  return false;
};

/** Prime by prime, so that the legality test can put any part along X. */
const splitLoops = (
  loops: readonly Loop[],
  fan: { readonly x: number; readonly y: number } | undefined,
): Loop[] =>
  fan === undefined
    ? []
    : loops.flatMap(([dim, bound]) => {
        const primes: Loop[] = [];
        let rest = bound;
        for (let p = 2; rest > 1; p += 1) for (; rest % p === 0; rest /= p) primes.push([dim, p]);
        return primes;
      });

function fitsDepth(
  level: MemoryLevel,
  l: number,
  contraction: Contraction,
  temporal: readonly (readonly Loop[])[],
  spatial: readonly (readonly Loop[])[],
): boolean {
  if (level.depthWords === null) return true;
  const inside = [...temporal.slice(l), ...spatial.slice(l)].flat();
  const words = level.keeps.map(
    (operand) =>
      wordsTaken(level, operand) *
      inside.reduce((all, [dim, bound]) => (contraction.dims[operand].includes(dim) ? all * bound : all), 1),
  );
  return words.reduce((sum, tile) => sum + tile, 0) <= level.depthWords * (1 + 1e-10);
}
