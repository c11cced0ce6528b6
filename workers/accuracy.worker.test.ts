/** The worker itself, in this process: `self` and the network are stood in for, the runtime is the real one. */
import { describe, expect, it, vi } from 'vitest';
import { createRandom } from '../src/core/base/random.ts';
import type { Candidate } from '../src/core/search/evaluation.ts';
import { modelById } from '../src/core/workload/cards.ts';
import { randomModel } from '../src/engines/ort/random-model.fixture.ts';
import type { AccuracyReply, AccuracyRequest, MeasureStart } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

const { replies, send, until } = workerHere<AccuracyRequest, AccuracyReply>(() => {
  const files: Readonly<Record<string, Uint8Array>> = { 'page/glyph-vit.onnx': randomModel('glyph-vit') };
  vi.stubGlobal('fetch', (url: string) => {
    const file = files[url];
    return Promise.resolve(
      file === undefined ? new Response('', { status: 404 }) : new Response(new Uint8Array(file)),
    );
  });
  return import('./accuracy.worker.ts');
});

const { linears } = modelById('glyph-vit');
const random = createRandom(1);
const design = (rank: number): Candidate =>
  linears.map(({ in: width, out, factorize }) => ({
    format: factorize ? 'svd' : 'dense',
    outModes: [out],
    inModes: [width],
    ranks: factorize ? [rank + random.below(2)] : [],
  }));

const start = (run: number, change: Partial<MeasureStart> = {}): MeasureStart => ({
  kind: 'start-measure',
  run,
  model: { kind: 'shipped', id: 'glyph-vit', url: 'page/glyph-vit.onnx' },
  design: design(20),
  quantization: { kind: 'none' },
  seed: 3,
  examples: 160,
  table: null,
  ...change,
});

const ended = (run: number) => (): boolean =>
  replies.some(
    (reply) =>
      reply.run === run && (reply.kind === 'measure-failed' || (reply.kind === 'measured' && reply.complete)),
  );

describe('the accuracy worker', () => {
  it('tells its stages, then figures at 64, 128 and all examples with every answer once', async () => {
    send(start(1));
    await until(ended(1));
    const stages = replies.flatMap((reply) => (reply.kind === 'measure-progress' ? [reply.stage] : []));
    expect([...new Set(stages)]).toEqual(['calibrating', 'rebuilding']);
    const measured = replies.flatMap((reply) => (reply.kind === 'measured' ? [reply] : []));
    expect(measured.map(({ measurement }) => measurement.n)).toEqual([64, 128, 160]);
    expect(measured.map(({ answers }) => answers.from)).toEqual([0, 64, 128]);
    const count = (pick: (of: (typeof measured)[number]) => Int32Array): number =>
      measured.reduce((sum, each) => sum + pick(each).length, 0);
    expect(count(({ answers }) => answers.dense)).toBe(160);
    expect(count(({ answers }) => answers.candidate)).toBe(160);
    // The figures are those of the answers.
    const right = measured.flatMap(({ answers }) =>
      [...answers.truth].map((truth, k) => answers.candidate[k] === truth),
    );
    expect(measured.at(-1)?.measurement.candidate.value).toBe(right.filter((is) => is).length / 160);
  });

  it('leaves the older run for a newer one, and hears a cancel', async () => {
    send(start(2, { examples: 100_000 }));
    await until(() => replies.some(({ run }) => run === 2));
    send(start(3, { examples: 64 }));
    replies.length = 0;
    await until(ended(3));
    expect(replies.every(({ run }) => run === 3)).toBe(true);
    send(start(4, { examples: 100_000 }));
    await until(() => replies.some(({ run }) => run === 4));
    send({ kind: 'cancel-measure', run: 4 });
    expect(replies.at(-1)).toEqual({ kind: 'measure-cancelled', run: 4 });
    const after = replies.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(replies.length).toBe(after);
  });

  it('says what cannot be measured, and goes on', async () => {
    for (const [run, change, message] of [
      [
        5,
        { model: { kind: 'shipped', id: 'bert-base', url: 'x' } },
        /^model: has no examples to be measured on/,
      ],
      [
        6,
        { model: { kind: 'shipped', id: 'glyph-vit', url: 'gone' } },
        /^model: weights of glyph-vit .* "HTTP 404"$/,
      ],
      [7, { design: [] }, /^design: must have 20 layers/],
    ] as const) {
      send(start(run, change));
      await until(ended(run));
      expect(replies.at(-1)).toMatchObject({
        kind: 'measure-failed',
        message: expect.stringMatching(message),
      });
    }
    send(start(8, { examples: 32 }));
    await until(ended(8));
    expect(replies.at(-1)).toMatchObject({ kind: 'measured', complete: true });
  });
});
