/** What comes out of the queue, against sorting. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHeap } from './heap.ts';

it('gives what has the least key, whatever went in and out before', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { freq: 3 })), (moves) => {
      const heap = createHeap<number>();
      const kept: number[] = [];
      for (const key of moves) {
        expect(heap.leastKey()).toBe(Math.min(...kept));
        if (key !== null) {
          kept.push(key);
          heap.push(key, key);
        } else if (kept.length === 0) expect(heap.pop()).toBeNull();
        else {
          const least = Math.min(...kept);
          kept.splice(kept.indexOf(least), 1);
          expect(heap.pop()).toBe(least);
        }
        expect(heap.items().toSorted((a, b) => a - b)).toEqual(kept.toSorted((a, b) => a - b));
      }
    }),
  );
});
