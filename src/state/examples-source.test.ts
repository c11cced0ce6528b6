import { describe, expect, it } from 'vitest';
import type { AccuracyReply, AccuracyRequest, NamedFile } from '../../workers/protocol.ts';
import { fitOwnCurve, type OwnTable } from '../core/accuracy/own-model.ts';
import { powerLaw } from '../core/accuracy/spectrum.ts';
import { modelById } from '../core/workload/cards.ts';
import { createAccuracyRunner } from './accuracy-run.ts';
import { workerByHand } from './by-hand.fixture.ts';
import type { ModelChoice } from './config.ts';
import { initialConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setModel } from './edits.ts';
import { createExamplesSource } from './examples-source.ts';
import { followDerived } from './live.ts';
import { createAppStore } from './store.ts';

const { linears } = modelById('glyph-vit');
const own: ModelChoice = {
  kind: 'file',
  name: 'mine.onnx',
  bytes: 9,
  linears,
  heads: null,
  sequence: { usual: 16, most: 16 },
};
const named = (...names: readonly string[]): readonly NamedFile[] =>
  names.map((name) => ({ name, file: new File(['x'], name) }));

const tableOf = (key: string): OwnTable => ({
  key,
  metric: 'negativeKlNats',
  probed: true,
  examples: 20,
  layers: linears.map(({ name, out, in: width }) => ({
    name,
    out,
    in: width,
    spectrum: powerLaw(Math.min(out, width), 0.5),
    sensitivity: 1,
    power: 1,
  })),
  curve: fitOwnCurve(
    [0.1, 1, 10].map((damage) => ({ damage, value: -damage })),
    'negativeKlNats',
  ),
});

/** A page with somebody's model, and a worker by hand. */
function page(modelFiles: readonly File[] | null = [new File(['m'], 'mine.onnx')]) {
  const store = createAppStore(setModel(initialConfig(), own));
  const { port, posted, reply, crash, restarts } = workerByHand<AccuracyRequest, AccuracyReply>();
  const source = createExamplesSource({ store, port, modelFiles: () => modelFiles });
  const derive = createDerive(source.spectra, undefined, source.axisOf);
  const committed = followDerived(store, (state) => state.committed, derive);
  const { run, runner } = createAccuracyRunner({
    port,
    committed,
    modelUrl: (id) => id,
    tableOf: () => null,
    ownOf: source.subjectOf,
    setTimeout: (later) => later(),
  });
  runner.start();
  const last = <K extends AccuracyRequest['kind']>(kind: K) =>
    posted.findLast((request): request is Extract<AccuracyRequest, { kind: K }> => request.kind === kind);
  const started = (): number => last('start-examples')!.run;
  return {
    store,
    source,
    committed,
    run,
    posted,
    last,
    reply,
    started,
    crash,
    restarts,
    found: () =>
      reply({
        kind: 'examples-found',
        run: started(),
        found: { kind: 'text', count: 40, calibration: 20, heldOut: 20, isLabelled: false, told: [] },
      }),
    spectra: () => {
      for (const { name, out, in: width } of linears)
        reply({
          kind: 'examples-spectrum',
          run: started(),
          layer: name,
          spectrum: powerLaw(Math.min(out, width), 1),
        });
      reply({ kind: 'examples-progress', run: started(), stage: 'probing', done: 0, of: 9 });
    },
    table: () =>
      reply({ kind: 'examples-table', run: started(), table: tableOf(last('start-examples')!.own.key) }),
  };
}

const metric = ({ committed }: ReturnType<typeof page>) => committed.get().evaluation.accuracy.metric;

describe('examples of one’s own', () => {
  it('weigh the spectra, then make the axis, then the design on screen is measured', () => {
    const shown = page();
    const { source, committed, run, last } = shown;
    const dataFree = committed.get().evaluation.accuracy;
    source.give(named('a.txt', 'tokenizer.json', 'vocab.txt'));
    expect(source.state.get()).toMatchObject({ status: 'working', files: ['a.txt', 'tokenizer.json'] });
    expect(last('start-examples')?.own.examples.map(({ name }) => name)).toEqual(['a.txt', 'tokenizer.json']);
    shown.found();
    expect(committed.get().evaluation.accuracy).toEqual(dataFree);
    expect(source.subjectOf(own)).toBeNull();
    shown.spectra();
    const weighted = committed.get().evaluation.accuracy;
    expect(weighted.value).toBeGreaterThan(dataFree.value);
    expect(weighted.provenance).toMatch(/outputs that is kept, .* read over your examples/);
    expect(last('start-measure')).toBeUndefined();
    shown.table();
    expect(metric(shown)).toBe('negativeKlNats');
    expect(committed.get().accuracy.kind).toBe('own');
    expect(source.state.get()).toMatchObject({ status: 'ready', weighted: true });
    const measure = last('start-measure')!;
    expect(measure).toMatchObject({ examples: 20, table: null, model: { kind: 'own' } });
    const figure = { ...weighted, metric: 'negativeKlNats', tier: 'measured', value: -0.5 } as const;
    const share = { value: 0.5, low: 0.4, high: 0.6 };
    const paired = { difference: 0, low: 0, high: 0, p: 1 };
    const measurement = {
      n: 55,
      dense: share,
      candidate: share,
      kl: 0.5,
      flips: 0.1,
      paired,
      gained: 0,
      lost: 0,
    };
    const common = { run: measure.run, measurement, figure, isLabelled: false, kl: share } as const;
    shown.reply({ kind: 'own-measured', ...common, examples: 8, complete: false });
    shown.reply({ kind: 'own-measured', ...common, examples: 20, complete: true });
    const { status, current, measurements } = run.getState();
    expect(status).toBe('idle');
    expect(measurements.get(current!)).toMatchObject({
      examples: 20,
      complete: true,
      own: { isLabelled: false },
    });
  });

  it('do not count for another model, and count again back at their own', () => {
    const shown = page();
    const { store, source, run } = shown;
    source.give(named('a.npz'));
    shown.found();
    shown.spectra();
    shown.table();
    store.getState().edit('Model', (config) => setModel(config, { kind: 'card', id: 'bert-base' }));
    expect(source.state.get().status).toBe('none');
    expect([source.spectra().size, source.files().length]).toEqual([0, 0]);
    expect(run.getState().status).toBe('unavailable');
    expect(metric(shown)).toBe('weightEnergyKeptPercent');
    store.getState().undo();
    expect(source.state.get().status).toBe('ready');
    expect(metric(shown)).toBe('negativeKlNats');
    expect(source.files().map(({ name }) => name)).toEqual(['a.npz']);
  });

  it('stop, are tried again, and are forgotten', () => {
    const shown = page();
    const { source, posted } = shown;
    source.give(named('a.npz'));
    shown.found();
    const old = shown.started();
    source.cancel();
    expect(posted.at(-1)).toEqual({ kind: 'cancel-examples', run: old });
    expect(source.state.get().status).toBe('cancelled');
    // What still comes of it is not heard.
    shown.reply({ kind: 'examples-table', run: old, table: tableOf('old') });
    expect(source.axisOf(own)).toBeNull();
    source.retry();
    expect(shown.started()).toBeGreaterThan(old);
    shown.found();
    shown.spectra();
    shown.table();
    expect(metric(shown)).toBe('negativeKlNats');
    source.clear();
    expect(metric(shown)).toBe('weightEnergyKeptPercent');
    expect(source.state.get()).toMatchObject({ status: 'none', files: [] });
  });

  it('fail by name; a broken runtime begins anew', () => {
    const shown = page();
    const { source } = shown;
    source.give(named('a.txt'));
    const message = "a.txt: needs the model's tokenizer.json beside it to become token ids";
    shown.reply({ kind: 'examples-failed', run: shown.started(), message });
    expect(source.state.get()).toMatchObject({ status: 'failed', problem: message });
    expect([source.files(), shown.restarts()]).toEqual([[], 0]);
    // The missing file alone is enough.
    source.give(named('tokenizer.json'));
    expect(shown.last('start-examples')?.own.examples).toHaveLength(2);
    shown.reply({ kind: 'examples-failed', run: shown.started(), message: 'onnxruntime: out of memory' });
    expect(shown.restarts()).toBe(1);
    source.retry();
    shown.crash('internal: worker: it died');
    expect(source.state.get()).toMatchObject({ status: 'failed', problem: 'internal: worker: it died' });
  });

  it('wait for examples while there is only what tells how they are read', () => {
    const { source, last } = page();
    source.give(named('tokenizer.json'));
    expect(source.state.get()).toMatchObject({ status: 'none', files: ['tokenizer.json'] });
    expect(last('start-examples')).toBeUndefined();
  });

  it('are refused without a model of one’s own, and without its file', () => {
    const { source, store } = page(null);
    source.give(named('a.npz'));
    expect(source.state.get()).toMatchObject({
      status: 'failed',
      problem: 'examples: need the model itself: drop its file again',
    });
    expect(() => source.give(named('notes.md'))).toThrow('examples: must be .npz or .npy');
    store.getState().edit('Model', (config) => setModel(config, { kind: 'card', id: 'bert-base' }));
    expect(() => source.give(named('a.npz'))).toThrow(
      'examples: are for a model of yours: open its .onnx file first, got "a.npz"',
    );
  });
});
