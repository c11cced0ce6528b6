/**
 * What the reference tools leave out of these machines, on request: energy of the networks between levels, leakage and double
 * buffering. None of it is in any preset; whoever sets it says with what figures. Orders of size: a hop between processing
 * elements costs about two MACs (Chen, Emer, Sze, "Eyeriss", ISCA 2016, table of relative energies).
 */
import { check } from '../base/checks.ts';
import type { EnergyPj } from '../base/units.ts';
import type { Accelerator, MemoryLevel } from './accelerator.ts';

export interface Extras {
  /** Per word and per fan-out that it passes on its way between two levels; every copy of a multicast pays. */
  readonly hopPj?: EnergyPj;
  /** Of the whole chip; it counts at the levels by their share of the memory, at the MACs where no level is bounded. */
  readonly leakagePjPerCycle?: EnergyPj;
  /**
   * Tiles take twice their words, so that the next ones can come in: levels count as half. Arrays that stay between products
   * are read where they were written, so they take their words once; registers of a word or so per operand are as they are.
   */
  readonly doubleBuffered?: boolean;
}

const most = 1e9;

/** @throws InputError when a figure is no number of at least 0 */
export function checkExtras({ hopPj = 0, leakagePjPerCycle = 0 }: Extras): void {
  for (const [subject, value] of [
    ['energy per hop', hopPj],
    ['leakage per cycle', leakagePjPerCycle],
  ] as const)
    check(
      Number.isFinite(value) && value >= 0 && value <= most,
      subject,
      `must be a number from 0 to ${most}`,
      value,
    );
}

/** @throws InputError when a figure is no number of at least 0 */
export function withExtras(accelerator: Accelerator, extras: Extras): Accelerator {
  checkExtras(extras);
  const { hopPj = 0, leakagePjPerCycle = 0, doubleBuffered = false } = extras;
  if (hopPj === 0 && leakagePjPerCycle === 0 && !doubleBuffered) return accelerator;
  return {
    ...accelerator,
    levels: doubleBuffered ? accelerator.levels.map(halved) : accelerator.levels,
    ...(hopPj > 0 ? { hopPj } : {}),
    ...(leakagePjPerCycle > 0 ? { leakagePjPerCycle } : {}),
  };
}

function halved(level: MemoryLevel): MemoryLevel {
  const { depthWords, keeps } = level;
  if (depthWords === null) return level;
  const half = Math.max(keeps.length, Math.floor(depthWords / 2));
  return { ...level, depthWords: half, heldShare: Math.min(1, half / depthWords) };
}

/** Leakage per cycle by level, outermost first, then that of the MACs. */
export function leakageByLevel({ levels, leakagePjPerCycle = 0 }: Accelerator): readonly EnergyPj[] {
  const bits = levels.map(
    ({ depthWords, wordBits, meshX, meshY }) => (depthWords ?? 0) * wordBits * meshX * meshY,
  );
  const all = bits.reduce((sum, each) => sum + each, 0);
  return [
    ...bits.map((each) => (all > 0 ? (leakagePjPerCycle * each) / all : 0)),
    all > 0 ? 0 : leakagePjPerCycle,
  ];
}
