/**
 * An export as the page sees it: one at a time, made in a worker, kept until the next one begins. Cancelling ends the
 * worker at once.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type {
  ExportMade,
  ExportReply,
  ExportRequest,
  ExportStage,
  ExportStart,
} from '../../workers/protocol.ts';
import type { WorkerPort } from './worker-client.ts';

export interface ExportWish extends Omit<ExportStart, 'kind' | 'run'> {
  /** The same key = the same files. */
  readonly key: string;
}

export type ExportRun =
  | { readonly status: 'idle' }
  | {
      readonly status: 'running';
      readonly key: string;
      readonly stage: ExportStage;
      readonly done: number;
      readonly of: number;
    }
  | { readonly status: 'done'; readonly key: string; readonly made: ExportMade }
  | { readonly status: 'failed'; readonly key: string; readonly problem: string };

export interface Exporter {
  /** Takes the place of whatever runs. */
  readonly start: (wish: ExportWish) => void;
  /** Ends it at once. */
  readonly cancel: () => void;
  /** Gets ready what exports of these models need without a network. */
  readonly warm: (urls: readonly string[]) => void;
}

export function createExporter(port: WorkerPort<ExportRequest, ExportReply>): {
  readonly run: StoreApi<ExportRun>;
  readonly exporter: Exporter;
} {
  const store = createStore<ExportRun>()(() => ({ status: 'idle' }));
  let newest = 0;

  const end = (): void => {
    if (store.getState().status === 'running') port.restart();
    newest += 1;
  };
  const fail = (problem: string): void => {
    const now = store.getState();
    if (now.status === 'running') store.setState({ status: 'failed', key: now.key, problem }, true);
  };
  port.listen((reply) => {
    const now = store.getState();
    if (reply.run !== newest || now.status !== 'running') return;
    const { key } = now;
    switch (reply.kind) {
      case 'export-progress': {
        const { stage, done, of } = reply;
        return store.setState({ status: 'running', key, stage, done, of }, true);
      }
      case 'export-done':
        return store.setState({ status: 'done', key, made: reply.made }, true);
      case 'export-failed':
        // A runtime that has failed stays so: the next export begins with a new one.
        if (/^(?:onnxruntime|internal): /.test(reply.message)) port.restart();
        return fail(reply.message);
    }
    reply satisfies never;
  }, fail);

  return {
    run: store,
    exporter: {
      start: ({ key, ...wish }) => {
        end();
        store.setState({ status: 'running', key, stage: 'loading', done: 0, of: 1 }, true);
        port.post({ kind: 'start-export', run: newest, ...wish });
      },
      cancel: () => {
        if (store.getState().status !== 'running') return;
        end();
        store.setState({ status: 'idle' }, true);
      },
      warm: (urls) => port.post({ kind: 'warm-export', urls }),
    },
  };
}
