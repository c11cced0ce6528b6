import { expect, it } from 'vitest';
import { createDerive } from '../../state/derive.ts';
import { openingConfig } from '../../state/defaults.ts';
import { setModel, setRank } from '../../state/edits.ts';
import { followDerived } from '../../state/live.ts';
import { createAppStore } from '../../state/store.ts';
import { createMotion, type Ink } from './motion.ts';

/** A page whose frames come when the test says so. */
function page() {
  const store = createAppStore(setModel(openingConfig('bert-base', 'simba'), { kind: 'gemm', n: 96, k: 96 }));
  const derive = createDerive();
  const derived = followDerived(store, (state) => state.config, derive);
  const committed = followDerived(store, (state) => state.committed, derive);
  const frames: (() => void)[] = [];
  const timers: (() => void)[] = [];
  const motion = createMotion(
    store,
    derived,
    committed,
    (draw) => frames.push(draw),
    (run) => timers.push(run),
  );
  const pass = (): void => {
    for (const run of timers.splice(0)) run();
  };
  const told: string[] = [];
  const ink = (name: string): Ink => ({
    begin: () => told.push(`${name} begins`),
    draw: ({ config, derived: { evaluation }, committed: { config: from } }) => {
      const rank = (of: typeof config): number => of.design[of.view.focus]?.ranks[0] ?? 0;
      told.push(`${name} ${rank(from)} to ${rank(config)}${evaluation === undefined ? '!' : ''}`);
    },
    end: () => told.push(`${name} ends`),
  });
  const preview = (rank: number): void =>
    store.getState().preview((config) => setRank(config, config.view.selection, 0, rank));
  const frame = (): void => {
    for (const draw of frames.splice(0)) draw();
  };
  const tell = (): readonly string[] => told.splice(0);
  const { config } = store.getState();
  const opened = config.design[config.view.focus]?.ranks[0] ?? 0;
  return { store, motion, ink, preview, frame, frames, pass, tell, opened };
}

it('draws the newest value once a frame, and all inks read before any draws', () => {
  const { motion, ink, preview, frame, frames, tell, opened } = page();
  motion.join(ink('a'));
  motion.join(ink('b'));
  expect(frames).toHaveLength(0);
  preview(opened - 1);
  preview(opened - 2);
  expect(frames).toHaveLength(1);
  frame();
  expect(tell()).toEqual([
    'a begins',
    'b begins',
    `a ${opened} to ${opened - 2}`,
    `b ${opened} to ${opened - 2}`,
  ]);
  preview(opened - 3);
  frame();
  expect(tell()).toEqual([`a ${opened} to ${opened - 3}`, `b ${opened} to ${opened - 3}`]);
});

it('ends with the drag, committed or cancelled, also before its first frame', () => {
  const { store, motion, ink, preview, frame, pass, tell, opened } = page();
  motion.join(ink('a'));
  preview(opened - 1);
  frame();
  store.getState().commit('Rank');
  expect(tell().at(-1)).toBe('a ends');
  preview(opened - 2);
  store.getState().cancel();
  pass();
  frame();
  expect(tell()).toEqual([]);
});

it('goes on where the hand passes the value it began with, and ends there when it stays', () => {
  const { store, motion, ink, preview, frame, pass, tell, opened } = page();
  motion.join(ink('a'));
  preview(opened - 1);
  frame();
  preview(opened);
  expect(store.getState().config).toBe(store.getState().committed);
  frame();
  preview(opened + 1);
  pass();
  frame();
  expect(tell()).toEqual([
    'a begins',
    `a ${opened} to ${opened - 1}`,
    `a ${opened} to ${opened}`,
    `a ${opened} to ${opened + 1}`,
  ]);
  store.getState().cancel();
  frame();
  pass();
  expect(tell()).toEqual([`a ${opened} to ${opened}`, 'a ends']);
});

it('takes in and lets go an ink in the middle of a drag', () => {
  const { motion, ink, preview, frame, tell, opened } = page();
  const leave = motion.join(ink('a'));
  preview(opened - 1);
  frame();
  leave();
  expect(tell().at(-1)).toBe('a ends');
  motion.join(ink('b'));
  frame();
  expect(tell()).toEqual(['b begins', `b ${opened} to ${opened - 1}`]);
});
