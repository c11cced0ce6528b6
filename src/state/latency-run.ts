/**
 * Latency on this device as the page sees it: one question at a time, on WASM, then on WebGPU where there is an adapter.
 * Nothing runs before it is asked for; cancelling ends the worker at once, and what was measured stays.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type {
  Latency,
  LatencyProvider,
  LatencyReply,
  LatencyRequest,
  LatencySubject,
} from '../../workers/protocol.ts';
import type { WorkerPort } from './worker-client.ts';

/** What it runs on. */
export interface Device {
  readonly provider: LatencyProvider;
  /** Of WASM; a graphics card's are its own affair. */
  readonly threads: number;
  /** Of the WebGPU adapter. */
  readonly adapter: string | null;
  /** The adapter is a program: its times say nothing about a graphics card. */
  readonly software: boolean;
}

export interface Measured {
  readonly device: Device;
  readonly subject: LatencySubject;
  readonly latency: Latency;
  readonly complete: boolean;
}

export interface LatencyQuestion {
  /** The same key = the same measurement. */
  readonly key: string;
  /** Slow devices get less to do. */
  readonly subject: (device: Device) => LatencySubject;
}

export interface LatencyRun {
  /** What is being measured now. */
  readonly running: { readonly key: string; readonly device: Device | null } | null;
  /** By key; one entry a device. */
  readonly results: ReadonlyMap<string, readonly Measured[]>;
  /** Why the last one failed, and whose it was. */
  readonly problem: { readonly key: string; readonly text: string } | null;
}

export interface Stopwatch {
  readonly measure: (question: LatencyQuestion) => void;
  readonly cancel: () => void;
  /** Gets ready what these models need on WASM without a network. */
  readonly warm: (urls: readonly string[]) => void;
}

/** More than that seldom help products of this size. */
const mostThreads = 4;

/** What onnxruntime may have here: memory is shared with threads in a cross-origin isolated page only. */
function threadsHere(): number {
  const { crossOriginIsolated, navigator } = globalThis;
  return crossOriginIsolated ? Math.min(mostThreads, navigator.hardwareConcurrency) : 1;
}

export function createStopwatch(
  port: WorkerPort<LatencyRequest, LatencyReply>,
  threads = threadsHere(),
): {
  readonly run: StoreApi<LatencyRun>;
  readonly stopwatch: Stopwatch;
} {
  const wasm: Device = { provider: 'wasm', threads, adapter: null, software: false };
  const store = createStore<LatencyRun>()(() => ({ running: null, results: new Map(), problem: null }));
  let newest = 0;
  let asked: (LatencyQuestion & { readonly about: LatencySubject | null }) | null = null;

  const begin = (question: LatencyQuestion, device: Device): void => {
    const about = question.subject(device);
    asked = { ...question, about };
    store.setState({ running: { key: question.key, device } });
    port.post({ kind: 'start-latency', run: newest, provider: device.provider, threads, subject: about });
  };
  const finish = (): void => {
    asked = null;
    store.setState({ running: null });
  };
  const fail = (text: string): void => {
    const { running } = store.getState();
    if (running === null) return;
    const where = running.device?.provider === 'webgpu' ? 'WebGPU: ' : '';
    store.setState({ problem: { key: running.key, text: `${where}${text}` } });
    finish();
  };

  port.listen((reply) => {
    const { running } = store.getState();
    if (reply.run !== newest || asked === null || running === null) return;
    switch (reply.kind) {
      case 'adapter': {
        const { name, software } = reply;
        if (name === null) return finish();
        return begin(asked, { provider: 'webgpu', threads: 1, adapter: name, software });
      }
      case 'latency': {
        const { device, key } = running;
        if (device === null || asked.about === null) return;
        const entry: Measured = {
          device,
          subject: asked.about,
          latency: reply.latency,
          complete: reply.complete,
        };
        store.setState(({ results }) => ({ results: withEntry(results, key, entry) }));
        if (!reply.complete) return;
        if (device.provider === 'webgpu') return finish();
        store.setState({ running: { key, device: null } });
        return port.post({ kind: 'find-adapter', run: newest });
      }
      case 'latency-failed':
        // A lost device or a runtime out of memory stays so.
        port.restart();
        return fail(reply.message);
    }
    reply satisfies never;
  }, fail);

  return {
    run: store,
    stopwatch: {
      measure: (question) => {
        if (asked !== null) port.restart();
        newest += 1;
        store.setState(({ results }) => ({
          problem: null,
          results: new Map([...results].filter(([key]) => key !== question.key)),
        }));
        begin(question, wasm);
      },
      cancel: () => {
        if (asked === null) return;
        newest += 1;
        port.restart();
        finish();
      },
      warm: (urls) => port.post({ kind: 'warm-latency', urls, threads }),
    },
  };
}

function withEntry(
  results: LatencyRun['results'],
  key: string,
  entry: Measured,
): ReadonlyMap<string, readonly Measured[]> {
  const others = (results.get(key) ?? []).filter(({ device }) => device.provider !== entry.device.provider);
  return new Map(results).set(key, [...others, entry]);
}
