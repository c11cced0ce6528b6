import { describe, expect, it } from 'vitest';
import type { ScentWorkerReply, ScentWorkerRequest } from '../../workers/protocol.ts';
import { presets } from '../core/hardware/presets.ts';
import { workerByHand } from './by-hand.fixture.ts';
import type { Config } from './config.ts';
import { initialConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setAccelerator, setFormat, setModel, setRank } from './edits.ts';
import { followGains } from './gain-source.ts';
import { followDerived } from './live.ts';
import { followScents } from './scent-source.ts';
import { createAppStore } from './store.ts';

const config: Config = setModel(initialConfig(), { kind: 'gemm', n: 96, k: 96 });

/** A page whose worker answers when told to. */
function page(start: Config = config) {
  const store = createAppStore(start);
  const derived = followDerived(store, (state) => state.config, createDerive());
  const { port, posted: asked, reply } = workerByHand<ScentWorkerRequest, ScentWorkerReply>();
  return { store, derived, asked, port, reply };
}

const entry = {
  gemm: { batch: 1, m: 1, n: 3, k: 5 },
  gear: 'exact',
  cost: {},
  mapping: [],
} as unknown as ScentWorkerReply['entries'][number];

describe('what each format would give', () => {
  it('is asked one by one and told as it comes', () => {
    const { derived, asked, port, reply } = page();
    const gains = followGains(derived, port);
    expect(gains.get().svd).toEqual({ kind: 'waiting' });
    for (let i = 0; i < 9; i++) {
      expect(asked).toHaveLength(i + 1);
      reply({
        kind: 'gain',
        run: asked[i]?.run ?? 0,
        gain: { reduction: i, kept: 0.5 },
        problem: null,
        entries: [],
      });
    }
    expect(asked).toHaveLength(9);
    expect(asked.map((request) => 'factorization' in request && request.factorization.format)).toContain(
      'block-term',
    );
    expect(gains.get().dense).toMatchObject({ kind: 'gain', reduction: 0, kept: 0.5, value: 100 });
    expect(gains.get()['block-term']).toMatchObject({ kind: 'gain', reduction: 8, kept: 0.5 });
  });

  it('names why a format is impossible, and asks anew after an edit', () => {
    const { store, derived, asked, port, reply } = page();
    const gains = followGains(derived, port);
    reply({ kind: 'gain', run: 1, gain: null, problem: 'does not fit', entries: [] });
    expect(gains.get().dense).toEqual({ kind: 'impossible', reason: 'does not fit' });
    store.getState().edit('TT', (c) => setFormat(c, [0], 'tt'));
    // The answer to the old question is not shown; the new one starts with the first format.
    const before = gains.get().svd;
    reply({ kind: 'gain', run: 2, gain: { reduction: 99, kept: 1 }, problem: null, entries: [] });
    expect(gains.get().svd).toEqual(before);
    expect(asked.at(-1)).toMatchObject({ kind: 'gain', factorization: { format: 'dense' } });
  });

  it('never gives the page mappings of another machine', () => {
    const ws16 = presets['ws16'];
    if (ws16 === undefined) throw new Error('no ws16');
    const { store, derived, asked, port, reply } = page();
    followGains(derived, port);
    followScents(derived, port);
    const gain = asked.find((request) => request.kind === 'gain');
    const scent = asked.find((request) => request.kind === 'scent');
    store.getState().edit('ws16', (c) => setAccelerator(c, ws16));
    reply({ kind: 'gain', run: gain?.run ?? 0, gain: null, problem: '', entries: [entry] });
    reply({ kind: 'scent', run: scent?.run ?? 0, scents: [null], entries: [entry] });
    const { mapper } = derived.get().evaluator;
    expect(mapper.accelerator.name).toBe('ws16');
    expect(mapper.known(entry.gemm, 'exact')).toBe(false);
  });

  it('takes up mappings of its own machine', () => {
    const { derived, asked, port, reply } = page();
    followScents(derived, port);
    reply({ kind: 'scent', run: asked[0]?.run ?? 0, scents: [null], entries: [entry] });
    expect(derived.get().evaluator.mapper.known(entry.gemm, 'exact')).toBe(true);
  });
});

describe('the strips of a drag', () => {
  const scents = (asked: readonly ScentWorkerRequest[]): number =>
    asked.filter(({ kind }) => kind === 'scent').length;

  it('are asked for once when the only rank moves', () => {
    const { store, derived, asked, port, reply } = page();
    const strips = followScents(derived, port);
    reply({ kind: 'scent', run: 1, scents: [null], entries: [] });
    for (let value = 40; value < 60; value++) store.getState().preview((c) => setRank(c, [0], 0, value));
    expect(scents(asked)).toBe(1);
    expect(strips.get().stale).toBe(false);
  });

  it('are asked for again when another rank moves, one request at a time', () => {
    const { store, derived, asked, port, reply } = page(
      setFormat(setModel(initialConfig(), { kind: 'gemm', n: 96, k: 96 }), [0], 'tucker'),
    );
    const strips = followScents(derived, port);
    reply({ kind: 'scent', run: 1, scents: [null, null], entries: [] });
    const [first = 8] = derived.get().linears[0]?.factorization.ranks ?? [];
    for (let step = 1; step < 5; step++) store.getState().preview((c) => setRank(c, [0], 0, first - step));
    expect(scents(asked)).toBe(2);
    expect(strips.get().stale).toBe(true);
    reply({ kind: 'scent', run: 2, scents: [null, null], entries: [] });
    expect(scents(asked)).toBe(3);
    expect(asked.at(-1)).toMatchObject({ factorization: { ranks: { 0: first - 4 } } });
    reply({ kind: 'scent', run: 3, scents: [null, null], entries: [] });
    expect(strips.get().stale).toBe(false);
  });
});
