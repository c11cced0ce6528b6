/** Measured accuracy: a thin shell around onnxruntime and `engines/ort`. It listens between two steps of a measurement. */
import { ownMeasured } from '../src/core/accuracy/own-model.ts';
import { calibratedFigure, type CalibrationTable } from '../src/core/accuracy/sensitivity.ts';
import { InputError } from '../src/core/base/checks.ts';
import { taskOf } from '../src/core/tasks/tasks.ts';
import { modelById } from '../src/core/workload/cards.ts';
import { openMeasurer, type Measurer, type MeasureStep } from '../src/engines/ort/measurer.ts';
import { loadOrt } from '../src/engines/ort/ort.ts';
import { hastenTensors } from '../src/engines/wasm/tensor.ts';
import { fetchModel } from './model-bytes.ts';
import { ownModel } from './own-model.ts';
import type {
  AccuracyReply,
  AccuracyRequest,
  AnswerBatch,
  ExamplesStage,
  ExamplesStart,
  MeasuredModel,
  MeasureStart,
} from './protocol.ts';
import { problemOf } from './problem.ts';

/** Figures are told at so many examples, and at each doubling. */
const firstReport = 64;

let newest = 0;
let newestExamples = 0;
let working: Promise<void> = Promise.resolve();
const measurers = new Map<string, Promise<Measurer>>();

const post = (reply: AccuracyReply): void => self.postMessage(reply);

type Shipped = Extract<MeasuredModel, { readonly kind: 'shipped' }>;
type Own = Extract<MeasuredModel, { readonly kind: 'own' }>;

/** Opened once per model; a failure is tried again with the next request. */
function measurerOf({ id, url }: Shipped): Promise<Measurer> {
  const known = measurers.get(url);
  if (known !== undefined) return known;
  const opened = open(id, url);
  measurers.set(url, opened);
  opened.catch(() => measurers.delete(url));
  return opened;
}

async function open(id: string, url: string): Promise<Measurer> {
  const task = taskOf(id);
  if (task === null) throw new InputError('model', 'has no examples to be measured on', id);
  const bytes = await fetchModel(id, url);
  return openMeasurer(await loadOrt(), bytes, modelById(id).linears, task);
}

/** Messages come in meanwhile. */
const listen = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function run(request: MeasureStart): Promise<void> {
  if (request.run !== newest) return;
  if (request.model.kind === 'own') return runOwn(request, request.model);
  const measurer = await measurerOf(request.model);
  if (request.table !== null && !(await respond(measurer, request, request.table))) return;
  let report = firstReport;
  const batches: AnswerBatch[] = [];
  for await (const step of measurer.measure(request, request)) {
    await listen();
    if (request.run !== newest) return;
    if (step.kind !== 'measured') {
      tell(request.run, step);
      continue;
    }
    batches.push(step.answers);
    const complete = step.measurement.n >= request.examples;
    if (step.measurement.n < report && !complete) continue;
    report *= 2;
    const answers = joined(batches.splice(0));
    post({ kind: 'measured', run: request.run, measurement: step.measurement, answers, complete });
  }
}

async function runOwn(request: MeasureStart, { own, table }: Own): Promise<void> {
  const { measurer } = await ownModel(own);
  const { run: of, examples } = request;
  const { metric } = table;
  const most = Math.min(examples, measurer.heldOut);
  let report = Math.min(most, firstReport);
  for await (const step of measurer.measure(request, { examples: most, table })) {
    await listen();
    if (of !== newest) return;
    switch (step.kind) {
      case 'step': {
        const stage = step.stage === 'rebuilding' ? 'rebuilding' : 'calibrating';
        post({ kind: 'measure-progress', run: of, stage, done: step.done, of: step.of });
        break;
      }
      case 'calibrated':
        post({ kind: 'calibrated', run: of, figure: step.figure });
        break;
      case 'measured': {
        const { examples: n, all, labelled, kl } = step.measurement;
        const complete = n >= most;
        post({ kind: 'measure-progress', run: of, stage: 'measuring', done: n, of: most });
        if (n < report && !complete) break;
        report *= 2;
        post({
          kind: 'own-measured',
          run: of,
          examples: n,
          measurement: labelled ?? all,
          isLabelled: labelled !== null,
          kl,
          figure: ownMeasured(step.measurement, metric),
          complete,
        });
      }
    }
  }
}

/** What the examples are, the spectra that follow, and the axis. */
async function readOwn({ run: of, own }: ExamplesStart): Promise<void> {
  if (of !== newestExamples) return;
  const progress = (stage: ExamplesStage, done: number, all: number): void =>
    post({ kind: 'examples-progress', run: of, stage, done, of: all });
  progress('reading', 0, 1);
  const { measurer, given } = await ownModel(own, (done, all) => progress('reading', done, all));
  const { calibration, heldOut, isLabelled } = measurer;
  const { kind, inputs, told } = given;
  const found = { kind, count: inputs.count, calibration, heldOut, isLabelled, told };
  post({ kind: 'examples-found', run: of, found });
  const steps = measurer.prepare(own.key, (layer, spectrum) =>
    post({ kind: 'examples-spectrum', run: of, layer, spectrum }),
  );
  for (;;) {
    const next = await steps.next();
    await listen();
    if (of !== newestExamples) return;
    if (next.done === true) return post({ kind: 'examples-table', run: of, table: next.value });
    const { stage, done, of: all } = next.value;
    if (stage !== 'rebuilding') progress(stage, done, all);
  }
}

/** Beside the dense model on a few examples, for the calibrated tier; false when a newer run has come. */
async function respond(measurer: Measurer, request: MeasureStart, table: CalibrationTable): Promise<boolean> {
  const steps = measurer.respond(request);
  for (;;) {
    const next = await steps.next();
    await listen();
    if (request.run !== newest) return false;
    if (next.done === true) {
      post({ kind: 'calibrated', run: request.run, figure: calibratedFigure(table, next.value) });
      return true;
    }
    if (next.value.kind !== 'measured') tell(request.run, next.value);
  }
}

function tell(of: number, step: Exclude<MeasureStep, { kind: 'measured' }>): void {
  const progress = { kind: 'measure-progress', run: of } as const;
  if (step.kind === 'calibrated')
    post({ ...progress, stage: 'calibrating', done: step.examples, of: step.of });
  else if (step.kind === 'compared')
    post({ ...progress, stage: 'comparing', done: step.examples, of: step.of });
  else post({ ...progress, stage: 'rebuilding', done: step.layers, of: step.of });
}

/** Neighbouring batches as one. */
function joined(batches: readonly AnswerBatch[]): AnswerBatch {
  const all = (pick: (batch: AnswerBatch) => Int32Array): Int32Array =>
    Int32Array.from(batches.flatMap((batch) => [...pick(batch)]));
  return {
    from: batches[0]?.from ?? 0,
    truth: all(({ truth }) => truth),
    dense: all(({ dense }) => dense),
    candidate: all(({ candidate }) => candidate),
  };
}

function fail(of: number, error: unknown): void {
  if (of !== newest) return;
  post({ kind: 'measure-failed', run: of, message: problemOf(error) });
}

void hastenTensors();

self.addEventListener('message', ({ data }: MessageEvent<AccuracyRequest>) => {
  switch (data.kind) {
    case 'start-measure':
      newest = data.run;
      // One after another: the run before ends at its next step, and sessions are not entered twice.
      working = working.then(() => run(data).catch((error: unknown) => fail(data.run, error)));
      return;
    case 'start-examples':
      newestExamples = data.run;
      working = working.then(() =>
        readOwn(data).catch((error: unknown) => {
          if (data.run === newestExamples)
            post({ kind: 'examples-failed', run: data.run, message: problemOf(error) });
        }),
      );
      return;
    case 'cancel-examples':
      if (newestExamples === data.run) newestExamples = 0;
      return;
    case 'cancel-measure':
      if (newest === data.run) newest = 0;
      return post({ kind: 'measure-cancelled', run: data.run });
  }
  data satisfies never;
});
