/** A mapping as plain JSON: what `rankscape cost --mapping` reads and the page copies out. */
import { InputError, check } from '../base/checks.ts';
import type { Loop, Mapping } from './mapping.ts';

/**
 * A list of levels, outermost first; also the whole result of `cost`, which has it under `mapping`. Whether it suits an
 * accelerator is for `evaluateMapping` to say.
 * @throws InputError naming the level
 */
export function readMapping(value: unknown): Mapping {
  const given: unknown = isRecord(value) ? value['mapping'] : value;
  check(Array.isArray(given), 'mapping', 'must be a list of levels, outermost first', given);
  return given.map((level: unknown, l) => {
    check(isRecord(level), `mapping level ${l}`, 'must be an object with level, temporal and spatial', level);
    const { level: name, temporal = [], spatial = [] } = level;
    if (typeof name !== 'string') throw new InputError(`mapping level ${l}`, 'must have a name', name);
    return { level: name, temporal: readLoops(temporal, name), spatial: readLoops(spatial, name) };
  });
}

function readLoops(value: unknown, level: string): Loop[] {
  const rule = 'loops must be a list of [dim, bound]';
  check(Array.isArray(value), `mapping level ${level}`, rule, value);
  return value.map((loop: unknown): Loop => {
    const [dim, bound]: unknown[] = Array.isArray(loop) && loop.length === 2 ? loop : [];
    if (typeof dim !== 'string' || typeof bound !== 'number') {
      throw new InputError(`mapping level ${level}`, rule, loop);
    }
    return [dim, bound];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
