/** The same machine behind another memory: an experiment beside the design, not a figure of the machine. */
import { check } from '../base/checks.ts';
import type { Accelerator } from './accelerator.ts';

/**
 * The outermost level with this many words per cycle each way; null = the machine's own.
 * @throws InputError when it is no number above 0
 */
export function withOuterBandwidth(accelerator: Accelerator, wordsPerCycle: number | null): Accelerator {
  const [outer, ...inner] = accelerator.levels;
  if (wordsPerCycle === null || outer === undefined) return accelerator;
  const sound = Number.isFinite(wordsPerCycle) && wordsPerCycle >= 1e-6 && wordsPerCycle <= 1e9;
  check(sound, 'DRAM bandwidth', 'must be a number of words per cycle from 1e-6 to 1e9', wordsPerCycle);
  const level = { ...outer, readWordsPerCycle: wordsPerCycle, writeWordsPerCycle: wordsPerCycle };
  return { ...accelerator, levels: [level, ...inner] };
}
