import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../core/base/checks.ts';
import type { Config } from './config.ts';
import { openingConfig } from './defaults.ts';
import { setRank } from './edits.ts';
import { createAppStore } from './store.ts';

const rank = (config: Config): number | undefined => config.design[4]?.ranks[0];
const to =
  (value: number) =>
  (config: Config): Config =>
    setRank(config, [4], 0, value);

function open() {
  const store = createAppStore(openingConfig('bert-base', 'simba'));
  return { store, now: () => store.getState() };
}

describe('store', () => {
  it('makes one undo step of one drag, however many frames it has', () => {
    const { now } = open();
    const before = rank(now().config);
    for (let value = 10; value < 100; value++) now().preview(to(value));
    expect(rank(now().config)).toBe(99);
    expect(rank(now().committed)).toBe(before);
    now().commit('FFN1 rank 192 to 99');
    expect(now().past.map((step) => step.label)).toEqual(['FFN1 rank 192 to 99']);
    expect(now().committed).toBe(now().config);
    now().undo();
    expect(rank(now().config)).toBe(before);
    now().redo();
    expect(rank(now().config)).toBe(99);
  });

  it('restores the last step when a drag is cancelled, undone, or ends where it began', () => {
    const { now } = open();
    const { config } = now();
    now().preview(to(7));
    now().cancel();
    expect(now().config).toBe(config);
    now().preview(to(7));
    now().undo();
    expect(now().config).toBe(config);
    now().preview(to(7));
    now().preview(to(192));
    now().commit('nothing');
    expect(now().config).toEqual(config);
    expect(now().past).toEqual([]);
    now().commit('still nothing');
    expect(now().past).toEqual([]);
  });

  it('keeps a drag that another edit interrupts', () => {
    const { now } = open();
    now().preview(to(50), 'FFN1 rank 192 to 50');
    now().edit('Q rank', (config) => setRank(config, [0], 0, 33));
    expect(now().past.map((step) => step.label)).toEqual(['FFN1 rank 192 to 50', 'Q rank']);
    expect(rank(now().config)).toBe(50);
    now().commit('late');
    expect(now().past).toHaveLength(2);
  });

  it('changes the view without an undo step, in a drag too, and undo stays in the open panel', () => {
    const { now } = open();
    now().edit('FFN1 rank', to(64));
    now().preview(to(20));
    now().look((view) => ({ ...view, panel: 'inside', selection: [3], focus: 3 }));
    expect(now().committed.view.panel).toBe('inside');
    expect(rank(now().committed)).toBe(64);
    expect(rank(now().config)).toBe(20);
    now().commit('again');
    now().undo();
    now().undo();
    expect(now().config.view.panel).toBe('inside');
    expect(now().config.view.selection).toEqual(openingConfig('bert-base', 'simba').view.selection);
    expect(now().past).toEqual([]);
  });

  it('tells what an edit refuses, and changes nothing', () => {
    const { now } = open();
    const { config } = now();
    const refuse = (): Config => {
      throw new InputError('modes', 'must multiply to 768', 700);
    };
    now().edit('modes', refuse);
    now().preview(refuse);
    expect(now().config).toBe(config);
    expect(now().notices.map(({ kind, text }) => [kind, text])).toEqual([
      ['error', 'modes: must multiply to 768, got 700'],
    ]);
    now().dismiss(now().notices[0]?.id ?? 0);
    expect(now().notices).toEqual([]);
  });

  it('lets our own bugs through', () => {
    const { now } = open();
    expect(() =>
      now().edit('bug', () => {
        throw new TypeError('internal');
      }),
    ).toThrow(TypeError);
  });

  it('keeps 200 steps', () => {
    const { now } = open();
    for (let i = 1; i <= 250; i++) now().edit(`step ${i}`, to(i === 192 ? 500 : i));
    expect(now().past).toHaveLength(200);
    expect(now().past[0]?.label).toBe('step 51');
    while (now().past.length > 0) now().undo();
    expect(rank(now().config)).toBe(50);
    expect(now().future).toHaveLength(200);
  });

  it('undoes and redoes any sequence of edits, exactly', () => {
    const action = fc.oneof(
      fc.integer({ min: 1, max: 300 }).map((value) => ({ kind: 'edit' as const, value })),
      fc.constant({ kind: 'undo' as const, value: 0 }),
      fc.constant({ kind: 'redo' as const, value: 0 }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { now } = open();
        let model: (number | undefined)[] = [rank(now().config)];
        let at = 0;
        for (const { kind, value } of actions) {
          if (kind === 'edit') {
            now().edit('e', to(value));
            if (value !== model[at]) {
              model = [...model.slice(0, at + 1), value];
              at += 1;
            }
          } else if (kind === 'undo') {
            now().undo();
            at = Math.max(0, at - 1);
          } else {
            now().redo();
            at = Math.min(model.length - 1, at + 1);
          }
          expect(rank(now().config)).toBe(model[at]);
          expect(now().past).toHaveLength(at);
          expect(now().future).toHaveLength(model.length - 1 - at);
        }
      }),
      { numRuns: 60 },
    );
  });
});
