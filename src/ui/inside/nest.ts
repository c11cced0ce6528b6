/**
 * A mapping as a loop nest: one line per run of loops, outermost first, each with the memory level it belongs to and
 * what that level holds. Loops of bound 1 are left out.
 */
import type { Loop } from '../../core/cost/mapping.ts';
import { heldAt, type StagedStep } from './stage.ts';

export interface NestLine {
  /** Position of the level, outermost first; the MACs come after the last. */
  readonly level: number;
  /** Said once per level. */
  readonly name: string;
  readonly kind: 'for' | 'par' | 'none';
  readonly loops: readonly Loop[];
  readonly depth: number;
  /** `36 of 64 KiB`; empty when said already. */
  readonly holds: string;
  /** Share of the level's capacity in use, 0 to 1; null when unlimited or said already. */
  readonly full: number | null;
}

const loopsOf = (loops: readonly Loop[]): readonly Loop[] => loops.filter(([, bound]) => bound > 1);

/** @param from depth of the outermost loop */
export function nestLines(stage: StagedStep, from = 0): readonly NestLine[] {
  const { machine, mapped } = stage;
  const lines: NestLine[] = [];
  let depth = from;
  for (const [index, level] of machine.levels.entries()) {
    const loops = mapped.mapping.find((entry) => entry.level === level.name);
    const temporal = loopsOf(loops?.temporal ?? []);
    const spatial = loopsOf(loops?.spatial ?? []);
    const { words, full } = heldAt(stage, mapped.cost, index);
    const own = {
      level: index,
      name: level.meshX * level.meshY > 1 ? `${level.meshX * level.meshY} ${level.name}` : level.name,
      holds: holdsText(words, level.depthWords, level.wordBits),
      full,
    };
    const again = { level: index, name: '', holds: '', full: null };
    if (temporal.length === 0 && spatial.length === 0) {
      lines.push({ ...own, kind: 'none', loops: [], depth });
      continue;
    }
    if (temporal.length > 0) lines.push({ ...own, kind: 'for', loops: temporal, depth: depth++ });
    if (spatial.length > 0)
      lines.push({ ...(temporal.length > 0 ? again : own), kind: 'par', loops: spatial, depth: depth++ });
  }
  const { meshX, meshY } = machine.mac;
  lines.push({
    level: machine.levels.length,
    name: `${meshX * meshY} MAC`,
    kind: 'none',
    loops: [],
    depth,
    holds: `${Math.round(100 * mapped.cost.utilization)}% busy`,
    full: null,
  });
  return lines;
}

/** `36 of 64 KiB`, in the unit of the larger. */
export function holdsText(words: number, depthWords: number | null, wordBits: number): string {
  if (words === 0) return '';
  const bytes = (count: number): number => (count * wordBits) / 8;
  const largest = bytes(depthWords ?? words);
  const power = largest >= 2 * 1024 ** 2 ? 2 : largest >= 2048 ? 1 : 0;
  const show = (count: number): string => {
    const value = bytes(count) / 1024 ** power;
    const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
    return String(Number(value.toFixed(digits)));
  };
  const unit = ['B', 'KiB', 'MiB'][power];
  return depthWords === null ? `${show(words)} ${unit}` : `${show(words)} of ${show(depthWords)} ${unit}`;
}

/** `for M in 4, N in 2` as text. */
export function loopsText({ kind, loops }: NestLine): string {
  if (kind === 'none') return '';
  return `${kind} ${loops.map(([dim, bound]) => `${dim.toLowerCase()} in ${bound}`).join(', ')}`;
}

/** Colour of a memory level: one ramp, outermost strongest. */
export function levelColour(level: number, levels: number): string {
  const far = levels <= 0 ? 1 : 1 - level / levels;
  const place = 1 + 3 * far;
  const low = Math.floor(place);
  const share = Math.round(100 * (place - low));
  if (share === 0) return `var(--rs-cost-${low})`;
  return `color-mix(in oklab, var(--rs-cost-${low + 1}) ${share}%, var(--rs-cost-${low}))`;
}
