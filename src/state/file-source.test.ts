import { describe, expect, it } from 'vitest';
import type { FileReply, FileRequest } from '../../workers/protocol.ts';
import { InputError } from '../core/base/checks.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import type { LinearLayer } from '../core/workload/model.ts';
import { workerByHand } from './by-hand.fixture.ts';
import { openingConfig } from './defaults.ts';
import { setModel } from './edits.ts';
import { createFileSource } from './file-source.ts';
import { createAppStore } from './store.ts';

const layer = (name: string, role: string, out: number): LinearLayer => ({
  name,
  role,
  group: 'other',
  block: 0,
  out,
  in: 4096,
  bias: false,
  factorize: true,
});

const opened = (run: number): FileReply => ({
  kind: 'file-opened',
  run,
  name: 'tiny.safetensors',
  bytes: 1000,
  linears: [layer('a', 'Q', 96), layer('b', 'Up', 96), layer('c', 'Wide', 4096)],
  heads: null,
  sequence: { usual: 128, most: 512 },
  tokens: null,
  design: null,
});

const spectrum = (run: number, name: string): FileReply => ({
  kind: 'spectrum',
  run,
  layer: name,
  weights: { kind: 'spectrum', spectrum: Float64Array.of(0.75, 0.25) },
});

function open() {
  const store = createAppStore(openingConfig('bert-base', 'simba'));
  const { port, posted, reply, restarts } = workerByHand<FileRequest, FileReply>();
  const timers: (() => void)[] = [];
  const source = createFileSource({ store, port, setTimeout: (run) => timers.push(run) });
  return {
    store,
    source,
    posted,
    reply,
    run: () => posted.at(-1)?.run ?? -1,
    restarts,
    settle: () => timers.splice(0).forEach((timer) => timer()),
  };
}

const file = new File(['x'], 'tiny.safetensors');

describe('a dropped model file', () => {
  it('opens with the tokens that its graph fixes', async () => {
    const { store, source, reply, run } = open();
    const done = source.open([file]);
    const reply384 = opened(run());
    if (reply384.kind === 'file-opened') reply({ ...reply384, tokens: 384 });
    await done;
    expect(store.getState().config.workload).toEqual({ tokens: 384, batch: 3, sequence: 128 });
  });

  it('becomes the model as one undo step, and its weights are read, those of moderate size only', async () => {
    const { store, source, posted, reply, run } = open();
    const done = source.open([file]);
    expect(source.state.get()).toMatchObject({ status: 'opening', name: 'tiny.safetensors' });
    expect(source.files()).toBeNull();
    reply(opened(run()));
    await done;
    expect(source.files()).toEqual([file]);
    expect(store.getState().config.model).toMatchObject({
      kind: 'file',
      name: 'tiny.safetensors',
      bytes: 1000,
    });
    expect(store.getState().past.map((step) => step.label)).toEqual(['Open tiny.safetensors']);
    expect(posted.at(-1)).toMatchObject({ kind: 'read-spectra', layers: ['a', 'b'] });
    expect(source.state.get()).toMatchObject({ status: 'reading', total: 2 });
    expect(source.state.get().message).toMatch(/^1 layers are wider than 2,048/);
  });

  it('shows its spectra in batches, deriving anew without an undo step', async () => {
    const { store, source, reply, run, settle } = open();
    const done = source.open([file]);
    reply(opened(run()));
    await done;
    const before = store.getState().config;
    reply(spectrum(run(), 'a'));
    expect(source.spectra().size).toBe(0);
    settle();
    expect([...source.spectra().keys()]).toEqual(['a']);
    expect(store.getState().config).not.toBe(before);
    expect(store.getState().config).toEqual(before);
    expect(store.getState().committed).toBe(store.getState().config);
    expect(store.getState().past).toHaveLength(1);
    reply(spectrum(run(), 'b'));
    reply({ kind: 'spectra-done', run: run() });
    expect(source.spectra().size).toBe(2);
    expect(source.state.get()).toMatchObject({ status: 'read', done: 2 });
  });

  it('lends its weights to no other model, and has them again after undo', async () => {
    const { store, source, reply, run } = open();
    const done = source.open([file]);
    reply(opened(run()));
    await done;
    reply(spectrum(run(), 'a'));
    reply({ kind: 'spectra-done', run: run() });
    const spectra = source.spectra();
    store.getState().edit('model', (config) => setModel(config, { kind: 'card', id: 'gpt2' }));
    expect(source.spectra().size).toBe(0);
    store.getState().undo();
    expect(source.spectra()).toBe(spectra);
  });

  it('is refused with the reason, and nothing changes', async () => {
    const { store, source, reply, run } = open();
    const done = source.open([file]);
    reply({ kind: 'file-failed', run: run(), message: 'safetensors: header must start with {, got "x"' });
    await expect(done).rejects.toThrow(new InputError('safetensors', 'header must start with {, got "x"'));
    expect(store.getState().config).toEqual(openingConfig('bert-base', 'simba'));
    expect(source.state.get().status).toBe('failed');
  });

  it('can be cancelled at any time, and late replies are dropped', async () => {
    const { store, source, reply, run, restarts } = open();
    const done = source.open([file]);
    const late = run();
    source.cancel();
    await done;
    expect(restarts()).toBe(1);
    reply(opened(late));
    expect(store.getState().config).toEqual(openingConfig('bert-base', 'simba'));
    expect(source.state.get().status).toBe('cancelled');
  });
});

describe('a model that was exported here', () => {
  it('opens with its layers as they were factorized, as one step', async () => {
    const { store, source, reply, run } = open();
    const done = source.open([file]);
    const dense = (out: number): Factorization => ({
      format: 'dense',
      outModes: [out],
      inModes: [4096],
      ranks: [],
    });
    const design: readonly Factorization[] = [
      { format: 'tt', outModes: [8, 12], inModes: [64, 64], ranks: [4, 6, 5] },
      dense(96),
      dense(4096),
    ];
    const exported = opened(run());
    if (exported.kind !== 'file-opened') throw new Error('not opened');
    reply({ ...exported, design });
    await done;
    expect(store.getState().config.design).toEqual(design);
    expect(store.getState().past).toHaveLength(1);
  });
});
