/**
 * An engine without a device: a clock of its own that moves by the work given, at `macsPerMs`, so that what was timed is
 * known beforehand. It can be told to go away.
 */
import { InputError } from '../../core/base/checks.ts';
import { EngineLost, type Backend, type Engine, type TunedShape } from '../../core/einsum/engine.ts';
import { programMacs, type Program } from '../../core/einsum/program.ts';

export interface FakeEngine extends Engine {
  /** Milliseconds. */
  readonly now: () => number;
  readonly events: string[];
  readonly prepared: () => number;
  /** Lost at the n-th run from now. */
  readonly loseAfter: (runs: number) => void;
}

export interface FakeOptions {
  readonly backend?: Backend;
  readonly macsPerMs?: number;
  readonly software?: boolean;
  /** Words an operand may have. */
  readonly limit?: number;
  /** Milliseconds on top of the n-th run in all. */
  readonly noise?: (run: number) => number;
  readonly tuned?: () => readonly TunedShape[];
}

export function fakeEngine(options: FakeOptions = {}): FakeEngine {
  const { backend = 'webgpu', macsPerMs = 1e6, software = false, limit = Infinity } = options;
  let clock = 0;
  let alive = 0;
  let left = Infinity;
  let count = 0;
  const events: string[] = [];
  const runOnce = (program: Program): number => {
    left -= 1;
    if (left < 0) throw new EngineLost(backend, 'on purpose');
    const ms = programMacs(program) / macsPerMs + (options.noise?.(count++) ?? 0);
    clock += ms;
    return ms;
  };
  return {
    backend,
    description: `fake ${backend}`,
    software,
    tuned: () => options.tuned?.() ?? [],
    events,
    now: () => clock,
    prepared: () => alive,
    loseAfter: (runs) => void (left = runs),
    prepare: async (program) => {
      for (const shape of program.shapes) {
        const words = shape.reduce((product, extent) => product * extent, 1);
        if (words > limit) throw new InputError('device', `holds at most ${limit} words`, words);
      }
      alive += 1;
      events.push(`prepare ${program.equation}`);
      const written = new Set<number>();
      return {
        program,
        write: (operand, values) => {
          const ends = [...values.subarray(0, 9), ...values.subarray(-9)];
          if (ends.some((value) => value === 0 || !Number.isFinite(value))) throw new Error('a bad number');
          written.add(operand);
        },
        run: async () => {
          if (written.size !== program.shapes.length) throw new Error('not all operands were written');
          runOnce(program);
        },
        read: async () => new Float32Array(0),
        time: async (runs) => Array.from({ length: runs }, () => runOnce(program)),
        destroy: () => void (alive -= 1),
        dispatches: [{ steps: program.steps.map((_, k) => k), kernel: 'fake' }],
      };
    },
    dispose: () => void events.push('dispose'),
  };
}
