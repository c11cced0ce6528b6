/** The accuracy worker with somebody's own model and examples: read, made an axis of, measured, and left for newer ones. */
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../src/core/search/evaluation.ts';
import { denseFactorization } from '../src/core/factor/ranks.ts';
import { corpusFile, examplesFor, openCorpus } from '../src/engines/ort/user-inputs.fixture.ts';
import type { AccuracyReply, AccuracyRequest, OwnModel } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

const { replies, send, until } = workerHere<AccuracyRequest, AccuracyReply>(
  () => import('./accuracy.worker.ts'),
  { in: true },
);
const fileOf = (name: string, bytes: Uint8Array): File => new File([bytes.slice()], name);
const { onnx, model } = await openCorpus('hand-gemm');
const examples = fileOf('x.npz', examplesFor(onnx, { batch: 24, length: 5, seed: 1 }));
const own = (key: string, change: Partial<OwnModel> = {}): OwnModel => ({
  key,
  files: [fileOf('gemm.onnx', corpusFile('hand-gemm'))],
  examples: [{ name: 'x.npz', file: examples }],
  ...change,
});
const of = <K extends AccuracyReply['kind']>(kind: K) =>
  replies.filter((reply): reply is Extract<AccuracyReply, { kind: K }> => reply.kind === kind);
const over = (run: number) => (): boolean =>
  replies.some((each) => each.run === run && /^examples-(?:table|failed)$/.test(each.kind));

const design: Candidate = model.linears.map(({ out, in: width, factorize }) =>
  factorize
    ? { format: 'svd', outModes: [out], inModes: [width], ranks: [4] }
    : denseFactorization(out, width),
);

describe('examples of one’s own', () => {
  it('become an axis, and designs are measured on their other half', async () => {
    send({ kind: 'start-examples', run: 1, own: own('a') });
    await until(over(1));
    const [table] = of('examples-table');
    expect(of('examples-found')[0]?.found).toEqual({
      kind: 'arrays',
      count: 24,
      calibration: 12,
      heldOut: 12,
      isLabelled: false,
      told: [],
    });
    const usual = model.linears.filter(({ factorize }) => factorize).map(({ name }) => name);
    expect(of('examples-spectrum').map(({ layer }) => layer)).toEqual(usual);
    expect([...new Set(of('examples-progress').map(({ stage }) => stage))]).toEqual([
      'reading',
      'calibrating',
      'spectra',
      'probing',
    ]);
    // Measured again in a worker that has begun anew: another key opens the model again.
    for (const [run, key] of [
      [2, 'a'],
      [3, 'b'],
    ] as const) {
      replies.length = 0;
      send({
        kind: 'start-measure',
        run,
        model: { kind: 'own', own: own(key), table: table!.table },
        design,
        quantization: { kind: 'int', bits: 8, group: 'row' },
        seed: 3,
        examples: 2048,
        table: null,
      });
      await until(() => of('own-measured').some(({ complete }) => complete));
      const measured = of('own-measured').at(-1)!;
      expect(measured).toMatchObject({ run, examples: 12, isLabelled: false });
      expect(measured.figure).toMatchObject({
        metric: 'negativeKlNats',
        tier: 'measured',
        value: -measured.kl.value,
      });
      expect(measured.kl.value).toBeGreaterThan(0);
      expect(of('calibrated')).toHaveLength(1);
    }
  });

  it('are left for newer ones and when they are cancelled', async () => {
    send({ kind: 'start-examples', run: 5, own: own('c') });
    await until(() => of('examples-found').length > 0);
    send({ kind: 'start-examples', run: 6, own: own('d') });
    await until(over(6));
    expect(replies.some(({ run, kind }) => run === 5 && kind === 'examples-table')).toBe(false);
    replies.length = 0;
    send({ kind: 'start-examples', run: 7, own: own('e') });
    await until(() => of('examples-found').length > 0);
    send({ kind: 'cancel-examples', run: 7 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(over(7)()).toBe(false);
  });

  it.each([
    [
      own('f', { examples: [{ name: 'y.npz', file: fileOf('y.npz', new Uint8Array(9)) }] }),
      'inputs: must be a .npz',
    ],
    [own('g', { files: [fileOf('w.safetensors', new Uint8Array(4))] }), 'safetensors'],
    [
      own('h', {
        examples: [
          { name: 'x.npz', file: fileOf('x.npz', examplesFor(onnx, { batch: 1, length: 5, seed: 1 })) },
        ],
      }),
      'examples: must be 2 at least',
    ],
  ])('that do not fit are told: %#', async (bad, message) => {
    send({ kind: 'start-examples', run: 9, own: bad });
    await until(over(9));
    expect(of('examples-failed').at(-1)?.message).toContain(message);
    replies.length = 0;
    // A failure is forgotten with its files.
    send({ kind: 'start-examples', run: 10, own: own('i') });
    await until(() => of('examples-found').length > 0);
    send({ kind: 'cancel-examples', run: 10 });
  });
});
