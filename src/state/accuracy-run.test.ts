import { describe, expect, it } from 'vitest';
import type { AccuracyReply, AccuracyRequest, MeasureStart } from '../../workers/protocol.ts';
import type { AccuracyFigure } from '../core/accuracy/figure.ts';
import { tableOf } from '../core/accuracy/calibration.fixture.ts';
import { measurementOf, noTally } from '../core/accuracy/tally.ts';
import { modelById } from '../core/workload/cards.ts';
import { pointOf } from '../core/search/frontier-point.fixture.ts';
import type { FrontierPoint } from '../core/search/pareto.ts';
import { createAccuracyRunner } from './accuracy-run.ts';
import { clockByHand, workerByHand } from './by-hand.fixture.ts';
import type { Config } from './config.ts';
import { initialConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setModel, setQuantization, setWorkload } from './edits.ts';
import { createSource } from './live.ts';
import { measurementKey } from './measurements.ts';

const derive = createDerive();
const glyphs = setModel(initialConfig(), { kind: 'card', id: 'glyph-vit' });
const words = setModel(initialConfig(), { kind: 'card', id: 'bert-base' });

/** The first layer that may be factorized at another rank. */
function withRank(config: Config, rank: number): Config {
  const first = config.design.findIndex(({ format }) => format === 'svd');
  return { ...config, design: config.design.map((f, k) => (k === first ? { ...f, ranks: [rank] } : f)) };
}

const measurement = (n: number, right = n) =>
  measurementOf({ ...noTally, n, denseRight: n, candidateRight: right, lost: n - right, flips: n - right });

const answers = (from: number, to: number) => {
  const values = (shift: number): Int32Array =>
    Int32Array.from({ length: to - from }, (_, k) => from + k + shift);
  return { from, truth: values(0), dense: values(0), candidate: values(1) };
};

const table = tableOf(modelById('glyph-vit'));

/** A worker and a clock by hand. */
function open(initial: Config = glyphs, started = true) {
  const { port, posted, reply, crash, restarts } = workerByHand<AccuracyRequest, AccuracyReply>();
  const { setTimeout, pass } = clockByHand();
  const committed = createSource(derive(initial));
  const { run, runner } = createAccuracyRunner({
    port,
    committed,
    modelUrl: (id) => `page/${id}.onnx`,
    tableOf: () => table,
    setTimeout,
  });
  const starts = (): readonly MeasureStart[] =>
    posted.filter((request): request is MeasureStart => request.kind === 'start-measure');
  const last = (): MeasureStart => {
    const start = starts().at(-1);
    if (start === undefined) throw new Error('nothing was asked');
    return start;
  };
  const measured = (n: number, complete = false, from = 0): void =>
    reply({
      kind: 'measured',
      run: last().run,
      measurement: measurement(n),
      answers: answers(from, n),
      complete,
    });
  if (started) {
    runner.start();
    pass(300);
  }
  return {
    runner,
    posted,
    starts,
    last,
    measured,
    pass,
    now: () => run.getState(),
    set: (config: Config) => committed.set(derive(config)),
    reply,
    crash,
    restarts,
    /** Replies in full to whatever is asked. */
    finish: () => measured(last().examples, true),
  };
}

const keyOf = ({ design, quantization }: Config): string => measurementKey('glyph-vit', design, quantization);

const point = (config: Config, low: number, high: number): FrontierPoint => ({
  ...pointOf(50, (low + high) / 2),
  low,
  high,
  design: config.design,
});

describe('the design on screen', () => {
  it('is measured when the hand rests, on the stream that nothing was fitted to', () => {
    const { starts, last, now, set, pass } = open();
    expect(last()).toMatchObject({
      model: { id: 'glyph-vit', url: 'page/glyph-vit.onnx' },
      design: glyphs.design,
      seed: 3,
    });
    expect(structuredClone(last())).toEqual(last());
    expect(now()).toMatchObject({ status: 'measuring', current: keyOf(glyphs) });
    // Steps in quick succession are one.
    for (const rank of [3, 4, 5]) {
      set(withRank(glyphs, rank));
      pass(100);
    }
    expect(starts()).toHaveLength(1);
    pass(300);
    expect(starts()).toHaveLength(2);
    expect(last().design).toEqual(withRank(glyphs, 5).design);
  });

  it('shows figures and answers as they come, then is idle', () => {
    const { now, measured, reply, last } = open();
    reply({ kind: 'measure-progress', run: last().run, stage: 'rebuilding', done: 3, of: 20 });
    expect(now().progress).toEqual({ stage: 'rebuilding', done: 3, of: 20 });
    measured(64);
    expect(now().measurements.get(keyOf(glyphs))).toMatchObject({
      complete: false,
      measurement: { n: 64 },
      figure: { metric: 'accuracyChangePoints', tier: 'measured', value: 0 },
    });
    measured(2048, true, 64);
    expect(now()).toMatchObject({ status: 'idle', progress: null });
    expect(now().measurements.get(keyOf(glyphs))).toMatchObject({ complete: true, measurement: { n: 2048 } });
    expect(now().answers?.candidate).toHaveLength(2048);
    expect(now().answers?.candidate[70]).toBe(71);
  });

  it('the newest wins: what the older run still says is dropped', () => {
    const { now, reply, last, set, pass, posted } = open();
    const old = last().run;
    const next = withRank(glyphs, 4);
    set(next);
    expect(posted.at(-1)).toEqual({ kind: 'cancel-measure', run: old });
    reply({
      kind: 'measured',
      run: old,
      measurement: measurement(64),
      answers: answers(0, 64),
      complete: false,
    });
    expect(now().measurements.size).toBe(0);
    expect(now()).toMatchObject({ current: keyOf(next), answers: null });
    pass(300);
    expect(last().design).toEqual(next.design);
  });

  it('is not measured again by what does not change it, but for its answers', () => {
    const { starts, finish, set, pass, now } = open();
    finish();
    set(setWorkload(glyphs, { tokens: 16 }));
    pass(300);
    expect(starts()).toHaveLength(1);
    set(withRank(glyphs, 4));
    pass(300);
    finish();
    set(glyphs);
    pass(300);
    expect(now().measurements.get(keyOf(glyphs))?.complete).toBe(true);
    expect(starts()).toHaveLength(3);
    finish();
    expect(now().answers).not.toBeNull();
    expect(now().measurements.size).toBe(2);
  });

  it('is measured as it is stored', () => {
    const { last, set, pass, now } = open();
    set(setQuantization(glyphs, { kind: 'int', bits: 4, group: 32 }));
    pass(300);
    expect(last().quantization).toEqual({ kind: 'int', bits: 4, group: 32 });
    expect(now().current).not.toBe(keyOf(glyphs));
  });

  it('of a model without a task cannot be measured', () => {
    const { posted, now, set, pass } = open(words);
    expect(now()).toMatchObject({ status: 'unavailable', current: null });
    expect(posted).toEqual([]);
    set(glyphs);
    pass(300);
    expect(now().status).toBe('measuring');
    set(words);
    expect(now()).toMatchObject({ status: 'unavailable', answers: null });
  });

  it('waits for the start: the runtime is large', () => {
    const { posted, pass, runner, now } = open(glyphs, false);
    pass(10_000);
    expect(posted).toEqual([]);
    expect(now()).toMatchObject({ status: 'idle', current: keyOf(glyphs) });
    runner.start();
    pass(300);
    expect(posted).toHaveLength(1);
  });
});

describe('promotion', () => {
  const designs = [8, 9, 10, 11].map((rank) => withRank(glyphs, rank));
  const [a, b, c, d] = designs as [Config, Config, Config, Config];
  const frontier = [point(a, -9, -7), point(b, -3, -1), point(c, -1.5, -0.5), point(d, -0.2, 0)];
  const limited: Config = { ...glyphs, search: { ...glyphs.search, limit: -1.1 } };

  it('measures the points after the design on screen, those at the limit first', () => {
    const { runner, last, finish, now, starts } = open(limited);
    runner.promote(frontier);
    expect(starts()).toHaveLength(1);
    finish();
    expect(now()).toMatchObject({ status: 'promoting', promotion: { done: 0, of: 4 } });
    const order = [last().design];
    for (let k = 0; k < 3; k++) {
      finish();
      order.push(last().design);
    }
    finish();
    expect(order).toEqual([c, b, d, a].map(({ design }) => design));
    expect(now()).toMatchObject({ status: 'idle', promotion: { done: 4, of: 4 } });
    expect(now().measurements.size).toBe(5);
    // Answers stay those of the design on screen.
    expect(now().answers?.candidate).toHaveLength(2048);
  });

  it('makes way for the design on screen and goes on after it', () => {
    const { runner, last, finish, now, set, pass } = open(limited);
    finish();
    runner.promote(frontier);
    finish();
    const next = withRank(limited, 5);
    set(next);
    pass(300);
    expect(last().design).toEqual(next.design);
    finish();
    expect(now()).toMatchObject({ status: 'promoting', promotion: { done: 1, of: 4 } });
    expect(last().design).toEqual(b.design);
  });

  it('leaves a point that cannot be measured, and forgets points stored otherwise', () => {
    const { runner, last, finish, now, set, pass, reply, starts } = open(limited);
    finish();
    runner.promote(frontier);
    reply({ kind: 'measure-failed', run: last().run, message: 'svd: no' });
    expect(now()).toMatchObject({ status: 'promoting' });
    expect(last().design).toEqual(b.design);
    set(setQuantization(limited, { kind: 'w8a8' }));
    pass(300);
    finish();
    expect(now()).toMatchObject({ status: 'idle', promotion: null });
    expect(last().quantization).toEqual({ kind: 'w8a8' });
    expect(starts()).toHaveLength(4);
  });

  it('ends when the runtime itself fails', () => {
    const { runner, last, finish, now, reply, restarts, starts } = open(limited);
    finish();
    runner.promote(frontier);
    reply({ kind: 'measure-failed', run: last().run, message: 'onnxruntime: out of memory' });
    expect(now()).toMatchObject({ status: 'failed', promotion: null, problem: 'onnxruntime: out of memory' });
    expect(restarts()).toBe(1);
    expect(starts()).toHaveLength(2);
  });

  it('stops at once when told', () => {
    const { runner, finish, now, posted, last, measured } = open(limited);
    finish();
    runner.promote(frontier);
    runner.cancel();
    expect(posted.at(-1)).toEqual({ kind: 'cancel-measure', run: last().run });
    expect(now()).toMatchObject({ status: 'idle', progress: null, promotion: null });
    measured(512, true);
    expect(now().measurements.size).toBe(1);
  });
});

describe('the calibrated tier', () => {
  const figure: AccuracyFigure = {
    metric: 'accuracyChangePoints',
    tier: 'calibrated',
    value: -1,
    low: -2,
    high: 0,
    provenance: 'test',
  };

  it('is asked for once for the design on screen, and stays until it is measured', () => {
    const { last, reply, now, finish, set, pass } = open();
    expect(last().table).toBe(table);
    reply({ kind: 'calibrated', run: last().run, figure });
    expect(now().calibrated.get(keyOf(glyphs))).toEqual(figure);
    finish();
    set(withRank(glyphs, 4));
    pass(300);
    expect(last().table).toBe(table);
    set(glyphs);
    pass(300);
    expect(last()).toMatchObject({ design: glyphs.design, table: null });
  });

  it('is not asked of frontier points, nor where activations are rounded', () => {
    const { runner, finish, last, set, pass } = open();
    finish();
    runner.promote([point(withRank(glyphs, 3), -2, -1)]);
    expect(last()).toMatchObject({ design: withRank(glyphs, 3).design, table: null });
    set(setQuantization(glyphs, { kind: 'w8a8' }));
    pass(300);
    expect(last()).toMatchObject({ quantization: { kind: 'w8a8' }, table: null });
  });
});

describe('a drag', () => {
  it('stops what is measured at once, and it goes on when the hand rests', () => {
    const { runner, posted, last, now, pass, starts, finish } = open();
    runner.hold(true);
    expect(posted.at(-1)).toEqual({ kind: 'cancel-measure', run: last().run });
    expect(now()).toMatchObject({ status: 'idle', progress: null });
    pass(1000);
    expect(starts()).toHaveLength(1);
    runner.hold(false);
    pass(300);
    expect(starts()).toHaveLength(2);
    expect(last().design).toEqual(glyphs.design);
    finish();
    expect(now().measurements.size).toBe(1);
  });

  it('keeps frontier points waiting', () => {
    const { runner, finish, starts, pass } = open();
    finish();
    runner.hold(true);
    runner.promote([point(withRank(glyphs, 3), -2, -1)]);
    expect(starts()).toHaveLength(1);
    runner.hold(false);
    pass(300);
    expect(starts()).toHaveLength(2);
  });
});

describe('a worker in trouble', () => {
  it('that does not hear a cancel is ended, and what waits is asked again', () => {
    const { set, pass, restarts, starts, last } = open();
    set(withRank(glyphs, 4));
    pass(300);
    expect(starts()).toHaveLength(2);
    pass(5_000);
    expect(restarts()).toBe(1);
    expect(starts()).toHaveLength(3);
    expect(last().design).toEqual(withRank(glyphs, 4).design);
  });

  it('that answers is kept', () => {
    const { set, pass, restarts, reply, last } = open();
    const { run } = last();
    set(withRank(glyphs, 4));
    reply({ kind: 'measure-cancelled', run });
    pass(10_000);
    expect(restarts()).toBe(0);
  });

  it('says why, and is tried again with the next design', () => {
    const { now, reply, last, set, pass, crash, restarts, runner } = open();
    reply({ kind: 'measure-failed', run: last().run, message: 'onnxruntime: could not be loaded' });
    expect(now()).toMatchObject({ status: 'failed', problem: 'onnxruntime: could not be loaded' });
    // The runtime stays broken in its worker.
    expect(restarts()).toBe(1);
    set(withRank(glyphs, 4));
    pass(300);
    expect(now()).toMatchObject({ status: 'measuring', problem: null });
    runner.cancel();
    runner.retry();
    expect(now().status).toBe('measuring');
    crash('internal: worker: out of memory');
    expect(now()).toMatchObject({ status: 'failed', problem: expect.stringMatching(/out of memory/) });
  });
});
