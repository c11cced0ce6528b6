/**
 * What each format would give in the focus layer: exactly the design that choosing it makes, at about the present
 * parameter count. Asked of the scent worker one by one, after each undo step, so that neither page nor strips wait.
 */
import type { GainRequest, ScentWorkerReply, ScentWorkerRequest } from '../../workers/protocol.ts';
import { InputError } from '../core/base/checks.ts';
import { factorizationKey } from '../core/cost/layer.ts';
import { formats, type Factorization, type Format } from '../core/factor/factorization.ts';
import type { LinearLayer } from '../core/workload/model.ts';
import type { Derived } from './derive.ts';
import { inFormat } from './edits.ts';
import { createSource, type Source } from './live.ts';
import { takeEntries } from './scent-source.ts';
import { situationOf } from './situation.ts';
import type { WorkerPort } from './worker-client.ts';

export type FormatGain =
  /**
   * EDP dense / EDP of the layer, the share of its squared weights kept, and the model's value on the vertical axis if the
   * whole selection took the format; at so many tokens in flight.
   */
  | {
      readonly kind: 'gain';
      readonly reduction: number;
      readonly kept: number;
      readonly value: number;
      readonly tokens: number;
    }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'waiting' };

export type FormatGains = Readonly<Record<Format, FormatGain>>;

const waiting: FormatGain = { kind: 'waiting' };
const none = Object.fromEntries(formats.map((format) => [format, waiting])) as FormatGains;

export function followGains(
  committed: Source<Derived>,
  port: WorkerPort<ScentWorkerRequest, ScentWorkerReply>,
): Source<FormatGains> {
  const source = createSource<FormatGains>(none);
  let run = 0;
  let about: Question | null = null;
  let left: readonly Format[] = [];
  let inFlight: { readonly format: Format; readonly request: GainRequest; readonly about: Question } | null =
    null;

  const tell = (format: Format, gain: FormatGain): void => source.set({ ...source.get(), [format]: gain });

  const ask = (): void => {
    const question = about;
    if (question === null) return;
    while (inFlight === null) {
      const [format, ...others] = left;
      if (format === undefined) return;
      left = others;
      const request = requestOf(committed.get(), format, run + 1);
      if (typeof request === 'string') {
        tell(format, { kind: 'impossible', reason: request });
        continue;
      }
      run += 1;
      inFlight = { format, request, about: question };
      port.post(request);
    }
  };
  const follow = (): void => {
    const next = questionOf(committed.get());
    if (about !== null && isSame(about, next)) return;
    about = next;
    left = formats;
    ask();
  };

  port.listen(
    (reply) => {
      if (reply.kind !== 'gain' || inFlight === null || reply.run !== inFlight.request.run) return;
      const { format, request, about: asked } = inFlight;
      inFlight = null;
      takeEntries(committed.get(), request, reply);
      if (asked === about) {
        if (reply.gain === null)
          tell(format, { kind: 'impossible', reason: reply.problem ?? 'not possible' });
        else {
          const { tokens } = request.workload;
          tell(format, { kind: 'gain', ...reply.gain, value: valueIn(committed.get(), format), tokens });
        }
      }
      ask();
    },
    // The cells keep what they have; the next undo step asks again.
    () => {
      inFlight = null;
      about = null;
    },
  );
  committed.subscribe(follow);
  follow();
  return source;
}

/** What the answers depend on. Layers of one class have the same. */
interface Question {
  readonly evaluator: Derived['evaluator'];
  readonly group: unknown;
  readonly factorization: string;
}

function questionOf({ evaluator, linears, config }: Derived): Question {
  const { focus } = config.view;
  const view = linears[focus];
  return {
    evaluator,
    group: evaluator.classes.find(({ layers }) => layers.includes(focus)),
    factorization: view === undefined ? '' : factorizationKey(view.factorization),
  };
}

function isSame(a: Question, b: Question): boolean {
  return a.evaluator === b.evaluator && a.group === b.group && a.factorization === b.factorization;
}

/** On the axis, when every selected layer takes the format as choosing it would. */
function valueIn({ config, evaluator, linears }: Derived, format: Format): number {
  const { selection } = config.view;
  const total = linears.reduce((sum, { index, layer, factorization }) => {
    const chosen = selection.includes(index) ? inFormatOr(layer, factorization, format) : factorization;
    return sum + evaluator.damage(index, chosen).value;
  }, 0);
  return evaluator.accuracy.value(total);
}

/** A layer that the format cannot express stays as it is. */
function inFormatOr(layer: LinearLayer, current: Factorization, format: Format): Factorization {
  try {
    return inFormat(layer, current, format);
  } catch (error) {
    if (error instanceof InputError) return current;
    throw error;
  }
}

/** The request, or why the format cannot express the layer. */
function requestOf(derived: Derived, format: Format, run: number): GainRequest | string {
  const { config, model, linears } = derived;
  const view = linears[config.view.focus] ?? linears[0];
  if (view === undefined) throw new Error('internal: a model has at least one linear layer');
  try {
    return {
      kind: 'gain',
      run,
      model: { ...model, linears: [view.layer], attention: [] },
      ...situationOf(derived),
      weights: [view.weights],
      factorization: inFormat(view.layer, view.factorization, format),
    };
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
