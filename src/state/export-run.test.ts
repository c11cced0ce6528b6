import { describe, expect, it } from 'vitest';
import type { ExportMade, ExportReply, ExportRequest } from '../../workers/protocol.ts';
import { workerByHand } from './by-hand.fixture.ts';
import { createExporter, type ExportWish } from './export-run.ts';

const wish = (key: string): ExportWish => ({
  key,
  weights: { kind: 'shipped', id: 'glyph-vit', url: 'page/glyph-vit.onnx' },
  form: 'onnx',
  layers: [],
  precision: 'f32',
  quantization: { kind: 'none' },
  stem: 'glyph',
  link: '#v1.x',
  texts: [],
});

const made: ExportMade = { files: [], layers: [], originalBytes: 2, bytes: 1, check: null };

function open() {
  const { port, posted, reply, crash, restarts } = workerByHand<ExportRequest, ExportReply>();
  const { run, exporter } = createExporter(port);
  const runOf = (): number => {
    const last = posted.at(-1);
    return last?.kind === 'start-export' ? last.run : -1;
  };
  return {
    exporter,
    posted,
    now: () => run.getState(),
    runOf,
    reply,
    crash,
    restarts,
  };
}

describe('an export', () => {
  it('tells how far it is, then what was made', () => {
    const { exporter, now, reply, runOf } = open();
    exporter.start(wish('a'));
    expect(now()).toMatchObject({ status: 'running', key: 'a', stage: 'loading' });
    reply({ kind: 'export-progress', run: runOf(), stage: 'decomposing', done: 3, of: 18 });
    expect(now()).toEqual({ status: 'running', key: 'a', stage: 'decomposing', done: 3, of: 18 });
    reply({ kind: 'export-done', run: runOf(), made });
    expect(now()).toEqual({ status: 'done', key: 'a', made });
  });

  it('gives way to a newer one, whose replies alone count', () => {
    const { exporter, now, reply, runOf, restarts } = open();
    exporter.start(wish('a'));
    const old = runOf();
    exporter.start(wish('b'));
    expect(restarts()).toBe(1);
    reply({ kind: 'export-done', run: old, made });
    expect(now()).toMatchObject({ status: 'running', key: 'b' });
    reply({ kind: 'export-done', run: runOf(), made });
    expect(now()).toMatchObject({ status: 'done', key: 'b' });
    // Nothing ran: the worker lives on.
    exporter.start(wish('c'));
    expect(restarts()).toBe(1);
  });

  it('ends at once when it is cancelled', () => {
    const { exporter, now, reply, runOf, restarts } = open();
    exporter.start(wish('a'));
    const run = runOf();
    exporter.cancel();
    expect(now()).toEqual({ status: 'idle' });
    expect(restarts()).toBe(1);
    reply({ kind: 'export-done', run, made });
    expect(now()).toEqual({ status: 'idle' });
    exporter.cancel();
    expect(restarts()).toBe(1);
  });

  it('says why it failed; a broken runtime is not used again', () => {
    const { exporter, now, reply, runOf, restarts, crash } = open();
    exporter.start(wish('a'));
    reply({ kind: 'export-failed', run: runOf(), message: 'ONNX: opset must be at least 7' });
    expect(now()).toEqual({ status: 'failed', key: 'a', problem: 'ONNX: opset must be at least 7' });
    expect(restarts()).toBe(0);
    exporter.start(wish('a'));
    reply({ kind: 'export-failed', run: runOf(), message: 'onnxruntime: out of memory' });
    expect(restarts()).toBe(1);
    exporter.start(wish('a'));
    crash('internal: worker: gone');
    expect(now()).toEqual({ status: 'failed', key: 'a', problem: 'internal: worker: gone' });
  });
});
