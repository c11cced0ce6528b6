/**
 * Measured accuracy (tier T2) as the page sees it: of the design on screen as soon as the hand rests, then of the points
 * of a frontier, the most promising first. One run at a time; the newest design wins, results are kept by what was
 * measured. Only models with a task can be measured, and nothing happens before `start`: the runtime is large.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type {
  AccuracyReply,
  AccuracyRequest,
  MeasuredModel,
  MeasureStage,
  MeasureStart,
} from '../../workers/protocol.ts';
import type { AccuracyFigure } from '../core/accuracy/figure.ts';
import type { CalibrationTable } from '../core/accuracy/sensitivity.ts';
import { promotionOrder } from '../core/accuracy/promotion.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import { knee, type FrontierPoint } from '../core/search/pareto.ts';
import { seeds, taskScore } from '../core/tasks/task.ts';
import type { Config } from './config.ts';
import type { Derived } from './derive.ts';
import type { Source } from './live.ts';
import {
  isAlike,
  isDone,
  questionAbout,
  withAnswers,
  withMeasured,
  withOwn,
  type Answers,
  type KnownMeasurement,
  type Measurements,
  type OwnSubject,
  type Question,
} from './measurements.ts';
import type { WorkerPort } from './worker-client.ts';

export type AccuracyStatus =
  /** The model has no task, and no examples of one's own: nothing can be measured. */
  | 'unavailable'
  /** Nothing was started, or all is done. */
  | 'idle'
  /** The design on screen is being measured. */
  | 'measuring'
  /** Points of a frontier are. */
  | 'promoting'
  /** See `problem`; the next change tries again. */
  | 'failed';

export interface AccuracyRun {
  readonly status: AccuracyStatus;
  /** What keys of the model on screen begin with; null when it cannot be measured. */
  readonly subject: string | null;
  /** By `measurementKey`, of every model measured in this page. */
  readonly measurements: Measurements;
  /** Calibrated figures (tier T1) by the same keys: told before the examples are run. */
  readonly calibrated: ReadonlyMap<string, AccuracyFigure>;
  /** Key of the design on screen (the last undo step); null when it cannot be measured. */
  readonly current: string | null;
  /** Of the run that goes on. */
  readonly progress: { readonly stage: MeasureStage; readonly done: number; readonly of: number } | null;
  /** Of the design on screen, as far as known. */
  readonly answers: Answers | null;
  readonly promotion: { readonly done: number; readonly of: number } | null;
  /** Why the last run failed, for the screen. */
  readonly problem: string | null;
}

export interface AccuracyRunner {
  /** Takes over what ships with the page; what was measured here with as many examples stays. */
  readonly remember: (
    modelId: string,
    quantization: Quantization,
    known: readonly KnownMeasurement[],
  ) => void;
  /** From here on the design on screen is measured after every undo step. */
  readonly start: () => void;
  /** Measures the most promising points of a frontier once nothing else is to be measured; replaces the list before. */
  readonly promote: (frontier: readonly FrontierPoint[]) => void;
  /** Stops at once; the next undo step, or `retry`, starts again. */
  readonly cancel: () => void;
  /** While a hand drags nothing is measured: it would take the processor from the drag. */
  readonly hold: (held: boolean) => void;
  /** Measures the design on screen again after a failure or a stop. */
  readonly retry: () => void;
}

export interface AccuracyRunnerOptions {
  readonly port: WorkerPort<AccuracyRequest, AccuracyReply>;
  /** Derived of the last undo step. */
  readonly committed: Source<Derived>;
  /** Address of the ONNX file of a model. */
  readonly modelUrl: (id: string) => string;
  /** Tables of a model, where they have come; null = no calibrated tier. */
  readonly tableOf: (model: Config['model']) => CalibrationTable | null;
  /** A person's own model with their examples, once its axis is known. */
  readonly ownOf?: (model: Config['model']) => OwnSubject | null;
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown;
}

/** Two undo steps in quick succession are one rest of the hand. */
const restMs = 250;
/** A share of 0.98 is then known to 1.2 points, 95 % (binomial). */
const promotedExamples = 512;
/** To 0.6 points: differences near a point need as many. */
const currentExamples = 2048;
const mostPromoted = 24;
/** Each of somebody's own model takes longer; of a large one it waits to be asked for. */
const mostPromotedOwn = 8;
/** Points that HEAT's headline allows to be lost (arXiv 2211.16749, abstract); looked at while no limit is set. */
const usualLoss = -1.1;
/** A worker that has not answered a cancel for so long is stuck in one layer, and ended. */
const patienceMs = 5000;

const nothing: AccuracyRun = {
  status: 'unavailable',
  subject: null,
  measurements: new Map(),
  calibrated: new Map(),
  current: null,
  progress: null,
  answers: null,
  promotion: null,
  problem: null,
};

export function createAccuracyRunner(options: AccuracyRunnerOptions): {
  readonly run: StoreApi<AccuracyRun>;
  readonly runner: AccuracyRunner;
} {
  const { port, committed, modelUrl, tableOf, ownOf = () => null } = options;
  const questionOf = ({ model, design, quantization }: Config): Question | null => {
    if (model.kind === 'card')
      return taskScore(model.id) === null
        ? null
        : questionAbout({ id: model.id, own: null }, design, quantization, currentExamples);
    const own = ownOf(model);
    return own === null
      ? null
      : questionAbout({ id: own.own.key, own }, design, quantization, currentExamples);
  };
  const store = createStore<AccuracyRun>()(() => nothing);
  let started = false;
  let held = false;
  /** The run whose replies count. */
  let inFlight: InFlight | null = null;
  let newest = 0;
  let waiting: readonly Question[] = [];
  /** Points of the list that were measured, known ones included. */
  let promoted = { done: 0, of: 0 };
  let cancelling = 0;

  const ask = (question: Question, status: 'measuring' | 'promoting'): void => {
    newest += 1;
    inFlight = { question, run: newest, status };
    const { key, modelId, own, design, quantization, examples } = question;
    const model: MeasuredModel =
      own === null
        ? { kind: 'shipped', id: modelId, url: modelUrl(modelId) }
        : { kind: 'own', own: own.own, table: own.table };
    const { measurements, calibrated } = store.getState();
    // Where a measurement is known already, or rounding of activations counts, it would tell nothing.
    const table =
      own !== null ||
      status === 'promoting' ||
      measurements.has(key) ||
      calibrated.has(key) ||
      quantization.kind === 'w8a8'
        ? null
        : tableOf(committed.get().config.model);
    const request: MeasureStart = {
      kind: 'start-measure',
      run: newest,
      model,
      design,
      quantization,
      seed: seeds.heldOut,
      examples,
      table,
    };
    store.setState({ status, progress: { stage: 'loading', done: 0, of: 1 }, problem: null });
    port.post(request);
  };

  /** Takes up whatever is to be measured next: the design on screen, then the points that wait. */
  const next = (): void => {
    const { current, measurements } = store.getState();
    const question = questionOf(committed.get().config);
    if (question === null || current === null) return;
    // The answers shown beside the design are those of this page's last run of it.
    const isShown = question.own !== null || store.getState().answers !== null;
    if (!isDone(measurements, question) || !isShown) return ask(question, 'measuring');
    const left = waiting.filter((point) => !isDone(measurements, point));
    waiting = left;
    promoted = { ...promoted, done: promoted.of - left.length };
    const [first] = left;
    if (first !== undefined) {
      store.setState({ promotion: promoted });
      return ask(first, 'promoting');
    }
    store.setState({ status: 'idle', progress: null, promotion: promoted.of > 0 ? promoted : null });
  };

  /** The worker hears it between two steps; one that does not is ended. */
  const stop = (): void => {
    if (inFlight === null) return;
    const { run } = inFlight;
    inFlight = null;
    cancelling = run;
    port.post({ kind: 'cancel-measure', run });
    options.setTimeout(() => {
      if (cancelling !== run) return;
      cancelling = 0;
      port.restart();
      // What was asked of the stuck worker since is lost with it.
      if (inFlight !== null) ask(inFlight.question, inFlight.status);
    }, patienceMs);
  };

  const follow = (): void => {
    const question = questionOf(committed.get().config);
    const { current, status } = store.getState();
    if (question === null ? status === 'unavailable' : question.key === current) return;
    stop();
    if (question === null) {
      forget();
      const { measurements, calibrated } = store.getState();
      store.setState({ ...nothing, measurements, calibrated });
      return;
    }
    if (waiting[0] !== undefined && !isAlike(waiting[0], question)) forget();
    store.setState({
      status: 'idle',
      subject: question.modelId,
      current: question.key,
      answers: null,
      progress: null,
      problem: null,
    });
    rest(question.key);
  };

  const forget = (): void => {
    waiting = [];
    promoted = { done: 0, of: 0 };
    store.setState({ promotion: null });
  };

  const rest = (key: string): void => {
    if (!started) return;
    options.setTimeout(() => {
      if (store.getState().current === key && inFlight === null && !held) next();
    }, restMs);
  };

  const receive = (reply: AccuracyReply): void => {
    if (reply.kind === 'measure-cancelled') {
      if (reply.run === cancelling) cancelling = 0;
      return;
    }
    if (isAboutExamples(reply)) return;
    if (inFlight === null || reply.run !== inFlight.run) return;
    const { question, status } = inFlight;
    switch (reply.kind) {
      case 'measure-progress':
        return store.setState({ progress: { stage: reply.stage, done: reply.done, of: reply.of } });
      case 'calibrated':
        return store.setState(({ calibrated }) => ({
          calibrated: new Map(calibrated).set(question.key, reply.figure),
        }));
      case 'own-measured': {
        store.setState((run) => ({ measurements: withOwn(run.measurements, question, reply) }));
        if (!reply.complete) return;
        inFlight = null;
        return next();
      }
      case 'measured': {
        const { measurement, complete } = reply;
        const { n } = measurement;
        store.setState((run) => ({
          measurements: withMeasured(run.measurements, question, measurement, complete ? 'whole' : 'part'),
          answers: status === 'measuring' ? withAnswers(run.answers, reply.answers) : run.answers,
          progress: { stage: 'measuring', done: n, of: question.examples },
        }));
        if (!complete) return;
        inFlight = null;
        return next();
      }
      case 'measure-failed': {
        inFlight = null;
        const { message } = reply;
        // A runtime that has failed stays so: the next question begins with a new one.
        const broken = /^(onnxruntime|internal): /.test(message);
        if (broken) port.restart();
        // Of a point that cannot be measured nothing more is asked; the others go on.
        if (status === 'promoting' && !broken) {
          waiting = waiting.filter((point) => point !== question);
          store.setState({ problem: message });
          return next();
        }
        forget();
        return store.setState({ status: 'failed', progress: null, problem: message });
      }
    }
    reply satisfies never;
  };

  const crashed = (reason: string): void => {
    cancelling = 0;
    if (inFlight === null) return;
    inFlight = null;
    waiting = [];
    store.setState({ status: 'failed', progress: null, promotion: null, problem: reason });
  };
  port.listen(receive, crashed);
  committed.subscribe(follow);
  follow();

  return {
    run: store,
    runner: {
      remember: (modelId, quantization, known) =>
        store.setState((run) => ({
          measurements: known.reduce((all, { design, measurement }) => {
            const question = questionAbout({ id: modelId, own: null }, design, quantization, measurement.n);
            return withMeasured(all, question, measurement, 'shipped');
          }, run.measurements),
        })),
      start: () => {
        if (started) return;
        started = true;
        const { current } = store.getState();
        if (current !== null) rest(current);
      },
      promote: (frontier) => {
        const { config } = committed.get();
        const about = questionOf(config);
        if (about === null) return;
        const marks = [config.search.limit ?? usualLoss, knee(frontier)?.value ?? usualLoss];
        const { modelId: id, own } = about;
        const most = own === null ? mostPromoted : own.table.probed ? mostPromotedOwn : 0;
        waiting = promotionOrder(frontier, marks, most).map(({ design }) =>
          questionAbout({ id, own }, design, config.quantization, promotedExamples),
        );
        promoted = { done: 0, of: waiting.length };
        if (started && !held && inFlight === null && store.getState().status === 'idle') next();
      },
      hold: (now) => {
        if (now === held) return;
        held = now;
        const { current, status } = store.getState();
        if (held && inFlight !== null) {
          stop();
          store.setState({ status: 'idle', progress: null });
        } else if (!held && current !== null && status === 'idle') rest(current);
      },
      retry: () => {
        const { status } = store.getState();
        if (started && inFlight === null && (status === 'failed' || status === 'idle')) next();
      },
      cancel: () => {
        stop();
        forget();
        if (store.getState().status !== 'unavailable') store.setState({ status: 'idle', progress: null });
      },
    },
  };
}

type ExamplesReply = Extract<AccuracyReply, { readonly kind: `examples-${string}` }>;

/** Those are of the same worker, for somebody else. */
const isAboutExamples = (reply: AccuracyReply): reply is ExamplesReply => reply.kind.startsWith('examples-');

interface InFlight {
  readonly question: Question;
  readonly run: number;
  readonly status: 'measuring' | 'promoting';
}
