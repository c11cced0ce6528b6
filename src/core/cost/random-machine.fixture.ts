/** Test-only: random small machines, sound but as odd as they come. */
import type { Random } from '../base/random.ts';
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator, MemoryLevel } from '../hardware/accelerator.ts';

export function pick<T>(random: Random, list: readonly T[]): T {
  const item = list[random.below(list.length)];
  if (item === undefined) throw new Error('empty list');
  return item;
}

/** Energy of an access: smaller inside, nothing for the lowest draws. */
const sometimesFree = (draw: number, level: number): number =>
  draw < 1 / 6 ? 0 : 0.1 + draw * 10 ** (2 - level);

/** 2 to 6 levels, random keep-sets, capacities, ports, meshes and energies; each operand is kept somewhere. */
export function randomMachine(random: Random, levelCount: number): Accelerator {
  const mesh = { x: 1, y: 1 };
  const levels: MemoryLevel[] = [];
  for (let l = 0; l < levelCount; l += 1) {
    if (l > 0 && random.below(2) === 0) mesh.x *= pick(random, [1, 2, 3, 4]);
    if (l > 0 && random.below(3) === 0) mesh.y *= pick(random, [1, 2, 3]);
    const outer = l === 0;
    const keeps = operands.filter(() => (outer ? random.below(8) > 0 : random.below(3) > 0));
    const port = (): number | null => pick(random, [null, null, 1, 2, 3.5, 8]);
    levels.push({
      name: `L${l}`,
      meshX: mesh.x,
      meshY: mesh.y,
      depthWords:
        outer && random.below(8) > 0 ? null : pick(random, [null, null, 1, 2, 3, 4, 6, 8, 12, 20, 40, 80]),
      wordBits: 8,
      readWordsPerCycle: port(),
      writeWordsPerCycle: port(),
      readEnergyPj: sometimesFree(random.next(), l),
      writeEnergyPj: random.below(6) === 0 ? 0 : 0.1 + random.next() * 10 ** (2 - l),
      keeps,
    });
  }
  const top = levels[0];
  if (top === undefined) throw new Error('no level');
  const kept = new Set(levels.flatMap((level) => level.keeps));
  levels[0] = {
    ...top,
    keeps: operands.filter((operand) => top.keeps.includes(operand) || !kept.has(operand)),
  };
  if (random.below(2) === 0) mesh.x *= pick(random, [2, 3, 4]);
  if (random.below(3) === 0) mesh.y *= pick(random, [2, 3]);
  return {
    name: 'random',
    clockHz: 1e9,
    wordBits: 8,
    energyUnit: 'pJ',
    levels,
    mac: { meshX: mesh.x, meshY: mesh.y, energyPj: random.next() },
  };
}
