import { describe, expect, it } from 'vitest';
import { clockByHand } from './by-hand.fixture.ts';
import type { Config } from './config.ts';
import { openingConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setModel, setRank } from './edits.ts';
import { followDerived, followSettled } from './live.ts';
import { createAppStore } from './store.ts';

const to =
  (value: number) =>
  (config: Config): Config =>
    setRank(config, [0], 0, value);

/** A page whose clock is turned by hand. */
function page() {
  const store = createAppStore(setModel(openingConfig('bert-base', 'simba'), { kind: 'gemm', n: 96, k: 96 }));
  const derived = followDerived(store, (state) => state.config, createDerive());
  const { setTimeout, pass } = clockByHand();
  const hand = { isBusy: false };
  const settled = followSettled(store, derived, setTimeout, () => hand.isBusy);
  let told = 0;
  settled.subscribe(() => told++);
  const rank = (): number | undefined => settled.get().config.design[0]?.ranks[0];
  return { store, derived, settled, hand, pass, rank, told: () => told };
}

describe('what follows a drag when the hand rests', () => {
  it('leaves the frames of a drag alone and follows at rest', () => {
    const { store, pass, rank, told } = page();
    const before = rank();
    for (let value = 40; value < 50; value++) {
      store.getState().preview(to(value));
      pass(20);
    }
    expect(rank()).toBe(before);
    pass(200);
    pass(200);
    expect(rank()).toBe(49);
    expect(told()).toBe(1);
  });

  it('follows a drag that never rests every other second', () => {
    const { store, pass, rank, told } = page();
    for (let frame = 0; frame < 200; frame++) {
      store.getState().preview(to(40 + (frame % 7)));
      pass(20);
    }
    expect(told()).toBeGreaterThanOrEqual(1);
    expect(told()).toBeLessThanOrEqual(3);
    expect(rank()).toBeGreaterThanOrEqual(40);
  });

  it('waits for a hand that moves within one value', () => {
    const { store, hand, pass, rank, told } = page();
    hand.isBusy = true;
    store.getState().preview(to(9));
    for (let frame = 0; frame < 40; frame++) pass(20);
    expect(told()).toBe(0);
    hand.isBusy = false;
    for (let frame = 0; frame < 11; frame++) pass(20);
    expect(rank()).toBe(9);
  });

  it('is never old once a drag has ended, whichever way', () => {
    const { store, derived, settled, rank, told, pass } = page();
    const before = rank();
    store.getState().preview(to(7));
    store.getState().commit('Rank');
    expect(rank()).toBe(7);
    expect(settled.get()).toBe(derived.get());
    store.getState().preview(to(9));
    store.getState().cancel();
    expect(rank()).toBe(7);
    store.getState().preview(to(11));
    pass(20);
    store.getState().undo();
    expect(settled.get().config).toBe(derived.get().config);
    expect(settled.get().evaluation).toEqual(derived.get().evaluation);
    store.getState().undo();
    expect(rank()).toBe(before);
    store.getState().edit('Rank', to(12));
    expect(rank()).toBe(12);
    const sofar = told();
    pass(1000);
    expect(told()).toBe(sofar);
  });
});
