/** Marks the page, in a drag, as long as the panels that follow at rest show an earlier design than the hand's. */
import type { Derived } from '../../state/derive.ts';
import type { Source } from '../../state/live.ts';
import type { Motion } from './motion.ts';

/** @param root gets `data-behind` */
export function markBehind(root: Element, motion: Motion, settled: Source<Derived>): void {
  let marked = false;
  const mark = (isBehind: boolean): void => {
    if (isBehind === marked) return;
    marked = isBehind;
    root.toggleAttribute('data-behind', isBehind);
  };
  motion.join({
    begin: () => mark(false),
    draw: ({ config }) => mark(settled.get().config !== config),
    end: () => mark(false),
  });
  settled.subscribe(() => mark(false));
}
