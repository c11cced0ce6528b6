/**
 * The scent strips of the layer on screen, computed in a worker. One request is in flight at a time and only the newest
 * waits, so that a strip is never older than one computation; a strip that stays as it is is not asked for. In a drag the
 * page asks when the hand rests: until then strips that another rank changes are shown as old. Costs that come back are remembered by the page's mapper: the next drag frame finds them known.
 */
import type {
  GainReply,
  Scent,
  ScentReply,
  ScentRequest,
  ScentWorkerReply,
  ScentWorkerRequest,
} from '../../workers/protocol.ts';
import { factorizationKey } from '../core/cost/layer.ts';
import type { Evaluator } from '../core/search/evaluate.ts';
import type { Config } from './config.ts';
import type { Derived, LinearView } from './derive.ts';
import { createSource, type Source } from './live.ts';
import { situationOf } from './situation.ts';
import type { WorkerPort } from './worker-client.ts';

export interface ScentState {
  /** One per rank of the focus layer; null until computed. */
  readonly scents: readonly (Scent | null)[];
  /** A newer one is on its way. */
  readonly stale: boolean;
}

const none: ScentState = { scents: [], stale: false };

export function followScents(
  derived: Source<Derived>,
  port: WorkerPort<ScentWorkerRequest, ScentWorkerReply>,
): Source<ScentState> {
  const source = createSource<ScentState>(none);
  let run = 0;
  let inFlight: { readonly about: Question; readonly request: ScentRequest } | null = null;
  let shown: Question | null = null;

  const next = (): void => {
    const about = questionOf(derived.get());
    if (shown !== null && sameQuestion(about, shown)) {
      if (source.get().stale && inFlight === null) source.set({ ...source.get(), stale: false });
      return;
    }
    const { scents } = source.get();
    const { length } = about.view.factorization.ranks;
    if (!source.get().stale || scents.length !== length)
      source.set({
        scents: scents.length === length ? scents : Array.from({ length }, () => null),
        stale: true,
      });
    if (inFlight !== null) return;
    run += 1;
    inFlight = { about, request: requestOf(derived.get(), about, run) };
    port.post(inFlight.request);
  };

  port.listen(
    (reply) => {
      if (reply.kind !== 'scent' || inFlight === null || reply.run !== inFlight.request.run) return;
      const { about, request } = inFlight;
      inFlight = null;
      shown = about;
      takeEntries(derived.get(), request, reply);
      source.set({ scents: reply.scents, stale: false });
      next();
    },
    // A slider without its strip still works; the next change tries again.
    () => {
      inFlight = null;
    },
  );
  derived.subscribe(next);
  next();
  return source;
}

/** What the strips depend on. */
interface Question {
  readonly view: LinearView;
  /** The other selected layers that a drag of its ranks changes alike. */
  readonly peers: readonly LinearView[];
  readonly evaluator: Evaluator;
  readonly factorization: string;
}

function questionOf({ config, evaluator, linears }: Derived): Question {
  const view = linears[config.view.focus] ?? linears[0];
  if (view === undefined) throw new Error('internal: a model has at least one linear layer');
  const { factorization } = view;
  // A strip does not depend on its own rank: alone in its layer, a rank is dragged along one and the same strip.
  const alone = factorization.ranks.length === 1;
  return {
    view,
    peers: config.view.selection.flatMap((index) => {
      const peer = linears[index];
      return peer !== undefined && peer !== view && isAlike(peer, view) ? [peer] : [];
    }),
    evaluator,
    factorization: factorizationKey(alone ? { ...factorization, ranks: [1] } : factorization),
  };
}

const sameQuestion = (a: Question, b: Question): boolean =>
  a.evaluator === b.evaluator &&
  a.view.layer === b.view.layer &&
  a.factorization === b.factorization &&
  a.peers.length === b.peers.length &&
  a.peers.every((peer, i) => peer.layer === b.peers[i]?.layer);

/** Shape, format and modes are one: the same ranks are possible. */
function isAlike(a: LinearView, b: LinearView): boolean {
  const modes = ({ factorization: { format, outModes, inModes } }: LinearView): string =>
    `${format} ${outModes.join()} ${inModes.join()}`;
  return a.layer.out === b.layer.out && a.layer.in === b.layer.in && modes(a) === modes(b);
}

function requestOf(derived: Derived, { view, peers }: Question, run: number): ScentRequest {
  const { model } = derived;
  const views = [view, ...peers];
  return {
    kind: 'scent',
    run,
    model: { ...model, linears: views.map(({ layer }) => layer), attention: [] },
    ...situationOf(derived),
    weights: views.map(({ weights }) => weights),
    factorization: view.factorization,
  };
}

/** The page's mapper takes up what the worker found, unless the page has another machine by now. */
export function takeEntries(
  { config, evaluator }: Derived,
  asked: Pick<Config, 'accelerator' | 'accounting' | 'execution' | 'quantization'>,
  { entries }: ScentReply | GainReply,
): void {
  const keys = ['accelerator', 'accounting', 'execution', 'quantization'] as const;
  if (keys.every((key) => config[key] === asked[key])) evaluator.mapper.remember(entries);
}
