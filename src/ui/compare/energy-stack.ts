/** Energy per memory level as stacked bars on one scale: darker is farther from the MACs. Pure. */
import type { Who } from '../plots/shapes.ts';

export interface StackInput {
  readonly who: Who;
  /** Outermost level first, then the MACs. */
  readonly energyByLevelPj: readonly number[];
}

export interface StackBar {
  readonly who: Who;
  readonly y: number;
  readonly totalPj: number;
  readonly endX: number;
  readonly segments: readonly {
    readonly level: number;
    readonly x: number;
    readonly width: number;
  }[];
}

export interface StackMarks {
  readonly bars: readonly StackBar[];
  readonly barHeight: number;
  readonly height: number;
}

const markRoom = 22;
const numberRoom = 44;

export function stackMarks(inputs: readonly StackInput[], width: number, pitch = 22): StackMarks {
  const totals = inputs.map(({ energyByLevelPj }) =>
    energyByLevelPj.reduce((sum, energy) => sum + energy, 0),
  );
  const largest = Math.max(...totals, Number.MIN_VALUE);
  const room = Math.max(20, width - markRoom - numberRoom);
  const barHeight = pitch - 8;
  const bars = inputs.map(({ who, energyByLevelPj }, i): StackBar => {
    let x = markRoom;
    const segments = energyByLevelPj.map((energyPj, level) => {
      const full = (room * energyPj) / largest;
      // A hairline of page between neighbours; a sliver stays visible.
      const segment = { level, x, width: energyPj > 0 ? Math.max(0.5, full - 1) : 0 };
      x += full;
      return segment;
    });
    return { who, y: i * pitch + 2, totalPj: totals[i] ?? 0, endX: x, segments };
  });
  return { bars, barHeight, height: inputs.length * pitch };
}
