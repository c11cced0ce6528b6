import { expect, it } from 'vitest';
import type { Derived } from '../../state/derive.ts';
import { createSource } from '../../state/live.ts';
import { markBehind } from './behind.ts';
import type { Ink, Moving } from './motion.ts';

it('marks what is older than the hand, until it follows or the drag ends', () => {
  const told: boolean[] = [];
  const inks: Ink[] = [];
  const at = (rank: number): Derived => ({ config: { rank } }) as unknown as Derived;
  const settled = createSource(at(24));
  markBehind(
    { toggleAttribute: (_: string, on: boolean) => (told.push(on), on) } as unknown as Element,
    { join: (ink) => (inks.push(ink), () => undefined), ask: () => undefined, isMoving: () => true },
    settled,
  );
  const move = (derived: Derived): void =>
    inks[0]?.draw({ config: derived.config, derived, committed: derived } satisfies Moving);
  inks[0]?.begin();
  move(settled.get());
  expect(told).toEqual([]);
  move(at(23));
  move(at(22));
  expect(told.splice(0)).toEqual([true]);
  settled.set(at(22));
  expect(told.splice(0)).toEqual([false]);
  move(at(21));
  inks[0]?.end();
  expect(told).toEqual([true, false]);
});
