/**
 * Measurements by our own kernels as the page sees them: one question at a time on the engine that is chosen. Nothing
 * runs before it is asked for; the newest question wins; cancelling ends the worker at once, and what was measured stays.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type {
  DeviceChoice,
  DeviceFigures,
  DeviceInfo,
  DeviceReply,
  DeviceRequest,
  DeviceStage,
} from '../../workers/protocol.ts';
import type { Spread } from '../core/base/spread.ts';
import type { Backend } from '../core/einsum/engine.ts';
import type { AskedDesign, DeviceQuestion } from './device-question.ts';
import type { WorkerPort } from './worker-client.ts';

export interface DeviceResult {
  readonly question: DeviceQuestion;
  readonly device: DeviceInfo;
  readonly figures: DeviceFigures;
  /** Later measurements have higher numbers. */
  readonly run: number;
}

/** A device that went away during the measurement on screen, and what took its work. */
export interface DeviceLoss {
  /** Of the question. */
  readonly key: string;
  readonly backend: Backend;
  readonly reason: string;
  readonly next: Backend;
}

export interface DeviceRun {
  readonly choice: DeviceChoice;
  readonly running: {
    readonly key: string;
    readonly device: DeviceInfo | null;
    readonly stage: DeviceStage | null;
  } | null;
  /** By the question's key; one a backend, the newest first. */
  readonly results: ReadonlyMap<string, readonly DeviceResult[]>;
  /** Of the newest question. */
  readonly losses: readonly DeviceLoss[];
  /** Why the newest question failed. */
  readonly problem: { readonly key: string; readonly text: string } | null;
}

export interface DeviceBench {
  readonly choose: (choice: DeviceChoice) => void;
  readonly measure: (question: DeviceQuestion, options?: { readonly freshRoof?: boolean }) => void;
  readonly cancel: () => void;
}

export function createDeviceBench(port: WorkerPort<DeviceRequest, DeviceReply>): {
  readonly run: StoreApi<DeviceRun>;
  readonly bench: DeviceBench;
} {
  const store = createStore<DeviceRun>()(() => ({
    choice: 'auto',
    running: null,
    results: new Map(),
    losses: [],
    problem: null,
  }));
  let newest = 0;
  let asked: DeviceQuestion | null = null;

  const finish = (): void => {
    asked = null;
    store.setState({ running: null });
  };
  const fail = (text: string): void => {
    if (asked === null) return;
    store.setState({ problem: { key: asked.key, text } });
    finish();
  };
  const amend = (change: Partial<NonNullable<DeviceRun['running']>>): void =>
    store.setState(({ running }) => (running === null ? {} : { running: { ...running, ...change } }));

  port.listen((reply) => {
    const { running } = store.getState();
    if (reply.run !== newest || asked === null || running === null) return;
    switch (reply.kind) {
      case 'device-opened':
        return amend({ device: reply.device });
      case 'device-stage':
        return amend({ stage: reply.stage });
      case 'device-figures': {
        const { device } = running;
        if (device === null) return;
        const result: DeviceResult = { question: asked, device, figures: reply.figures, run: newest };
        store.setState(({ results }) => ({ results: withResult(results, result) }));
        if (reply.figures.complete) finish();
        return;
      }
      case 'device-lost': {
        const { backend, reason, next } = reply;
        // Half a measurement of a device that is gone says nothing.
        const { key } = asked;
        store.setState(({ losses, results }) => ({
          losses: [...losses, { key, backend, reason, next }],
          results: new Map(results).set(
            key,
            (results.get(key) ?? []).filter(
              ({ device, figures }) => device.backend !== backend || figures.complete,
            ),
          ),
        }));
        return amend({ device: null, stage: null });
      }
      case 'device-failed':
        // Whatever it ran out of, a new worker has it again.
        port.restart();
        return fail(reply.message);
    }
    reply satisfies never;
  }, fail);

  const cancel = (): void => {
    if (asked === null) return;
    newest += 1;
    port.restart();
    finish();
  };
  return {
    run: store,
    bench: {
      choose: (choice) => store.setState({ choice }),
      measure: (question, { freshRoof = false } = {}) => {
        cancel();
        newest += 1;
        asked = question;
        const { works, designs, budgetMs, key } = question;
        const { choice } = store.getState();
        store.setState({ running: { key, device: null, stage: null }, losses: [], problem: null });
        port.post({
          kind: 'start-device',
          run: newest,
          choice,
          works,
          designs: designs.map(({ parts }) => parts),
          budgetMs,
          freshRoof,
        });
      },
      cancel,
    },
  };
}

function withResult(
  results: DeviceRun['results'],
  result: DeviceResult,
): ReadonlyMap<string, readonly DeviceResult[]> {
  const { key } = result.question;
  const others = (results.get(key) ?? []).filter(({ device }) => device.backend !== result.device.backend);
  return new Map(results).set(key, [result, ...others]);
}

/** A design of the whole model as one device ran it, beside dense in the same rounds. */
export interface MeasuredDelay {
  readonly asked: AskedDesign;
  readonly ms: Spread;
  /** Over dense. */
  readonly speedUp: Spread;
  readonly device: DeviceInfo;
}

/**
 * By the designs' keys, of the backend that measured last: figures of two devices do not belong on one axis. Of one
 * design the newest.
 * @param setting what the questions must be of
 */
export function measuredDelays(
  results: DeviceRun['results'],
  setting: string,
): ReadonlyMap<string, MeasuredDelay> {
  const all = [...results.values()]
    .flat()
    .filter(({ question, figures }) => question.setting === setting && figures.complete)
    .filter(({ question }) => question.designs.some(({ key }) => key !== null))
    .toSorted((a, b) => b.run - a.run);
  const delays = new Map<string, MeasuredDelay>();
  for (const { question, device, figures } of all) {
    if (device.name !== all[0]?.device.name) continue;
    question.designs.forEach((asked, k) => {
      const { ms = null, speedUp = null } = figures.designs[k] ?? {};
      if (asked.key === null || ms === null || speedUp === null || delays.has(asked.key)) return;
      delays.set(asked.key, { asked, ms, speedUp, device });
    });
  }
  return delays;
}
