/**
 * `evaluate`: measured accuracy of a design beside the dense model's: of a shipped model on fresh examples of its task, of
 * any ONNX model on examples in a file.
 */
import { readFileSync } from 'node:fs';
import type { Share } from '../../core/accuracy/intervals.ts';
import { rebuiltWeight } from '../../core/accuracy/rebuild.ts';
import type { Measurement } from '../../core/accuracy/tally.ts';
import { InputError, check } from '../../core/base/checks.ts';
import { checkFactorization } from '../../core/factor/ranks.ts';
import type { DenseWeight } from '../../core/onnx/edit-dense.ts';
import type { UserInputs } from '../../core/onnx/user-inputs.ts';
import { readOnnxWeight } from '../../core/onnx/weights.ts';
import { seeds, type Task } from '../../core/tasks/task.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer, type Measurer } from '../../engines/ort/measurer.ts';
import { loadOrt } from '../../engines/ort/ort.ts';
import type { GivenExamples } from '../../engines/examples/read.ts';
import { measureUserModel, type UserMeasurement } from '../../engines/ort/user-measure.ts';
import { defineCommand, type Surroundings } from '../command.ts';
import { chooseLayers, fileFor, modelPathOf, readDesign, type Design } from '../designs.ts';
import { readExampleFiles, textColumn } from '../example-files.ts';
import { onFile } from '../files.ts';
import { configOfLink } from '../links.ts';
import { openModel } from '../model-files.ts';
import { common, jsonFile, positional, text, whole, type Values } from '../options.ts';
import { shippedModelPath, taskNamed } from '../shipped.ts';
import { facts } from '../table.ts';
import {
  readCalibration,
  shippedCovariances,
  withGraph,
  type Calibration,
  type OnnxFile,
} from '../user-data.ts';

interface Figures {
  /** Share of right answers, 0 to 1, with its 95 % interval; null without labels. */
  readonly accuracy: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Mean F1 of the answers' words, where they are spans. */
  readonly f1?: number;
}

interface Result {
  readonly dense: Figures;
  readonly candidate: Figures & {
    /** Mean divergence from the dense model, nats an example; an answer where an example has several. */
    readonly kl: number;
    /** Share of examples, or answers, that differ from the dense model's. */
    readonly flips: number;
  };
  /** Candidate less dense on the same examples, -1 to 1, its 95 % interval, and McNemar's exact p; null without labels. */
  readonly paired: {
    readonly difference: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly p: number | null;
  };
  /** Of examples in a file: how many, how many answers they have, and the outputs that were compared. */
  readonly data?: {
    readonly kind: GivenExamples['kind'];
    readonly examples: number;
    readonly answers: number;
    readonly labelled: number;
    readonly outputs: readonly string[];
  };
}

const progressMs = 1000;

const options = {
  link: positional(text('LINK', 'the link of a design')),
  design: jsonFile('{layers: [{name, format, outModes, inModes, ranks}]}, instead of a link'),
  model: text('FILE.onnx', 'the model (default that of the link, where it is shipped)'),
  data: text(
    'FILES',
    "one's own examples: arrays, texts or pictures, a folder of them, labels where there are any",
  ),
  calibration: text('FILES', 'other examples, which the factors are fitted to'),
  column: textColumn,
  outputs: text('NAME,NAME', 'outputs to compare (default those with labels, else those called logits)'),
  examples: whole('how many (default 4096, or all in the file)'),
  seed: whole(`stream of examples; training used 1, calibration 2 (default ${seeds.heldOut})`, 0),
  progress: common.progress,
};

type Options = Values<typeof options>;

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  summary: "measured accuracy of a design, on a task or on one's own examples",
  usage:
    'evaluate LINK [--examples N] [--seed N] [--progress] | evaluate (LINK | --design FILE) [--model FILE.onnx] --data FILES [--calibration FILES]',
  notes: [
    'A LINK of glyph-vit or lexical-qa is measured on fresh examples. Result: {dense: {accuracy, low, high}, candidate:',
    '{accuracy, low, high, kl, flips}, paired: {difference, low, high, p}}. Shares are from 0 to 1 with 95 % intervals',
    '(Wilson; paired: Bonett, Price), kl is in nats an example against the dense model, flips the share answered',
    "differently, p of McNemar's exact test; f1 of the words stands with answers that are spans. Weights are rebuilt from the factors, fitted to what the layers' inputs use.",
    'With --data any ONNX model is measured on FILES (one, several with commas, or a folder): .npz or .npy arrays',
    "named as the graph's inputs; .txt, .csv, .tsv or .jsonl of texts (with the model's tokenizer.json) or of token ids;",
    '.png or .jpg pictures (with preprocessor_config.json), classes by folder or in a table file,label. An answer is the',
    'largest entry of a row of the outputs (their last axis), so that every token may be one; without labels (an array',
    'labels, OUTPUT/labels, or named as a part of one output; negative ones are left out) accuracies are null. Factors are',
    'fitted to --calibration, which must be another file, or by plain least squares.',
  ],
  options,
  run: async (given, surroundings): Promise<Result> =>
    given.data === undefined ? onTask(given, surroundings) : onData(given, given.data, surroundings),
  print: ({ dense, candidate, paired }) =>
    facts([
      ...(dense.accuracy === null
        ? []
        : ([
            ['dense', percent(dense.accuracy, dense)],
            ['this design', percent(candidate.accuracy, candidate)],
            ['difference', percent(paired.difference, paired)],
            ['p (McNemar)', paired.p],
            ...(candidate.f1 === undefined || dense.f1 === undefined
              ? []
              : [['F1', `${percent(candidate.f1)}, dense ${percent(dense.f1)}`] as const]),
          ] as const)),
      ['answered differently', percent(candidate.flips)],
      ['divergence (nats)', candidate.kl],
    ]),
});

const figures = ({ value, low, high }: Share): Figures => ({ accuracy: value, low, high });

function percent(
  value: number | null,
  ends?: { readonly low: number | null; readonly high: number | null },
): string {
  const show = (share: number | null): string => (100 * (share ?? 0)).toFixed(2);
  return `${show(value)} %${ends === undefined ? '' : `  [${show(ends.low)}, ${show(ends.high)}]`}`;
}

/** Tells progress where it is wanted, once a second. */
function teller({ progress }: Options, { note, now }: Surroundings): (what: string) => void {
  let told = now();
  return (what) => {
    if (!progress || now() - told < progressMs) return;
    told = now();
    note(`evaluate: ${what}`);
  };
}

async function onTask(given: Options, surroundings: Surroundings): Promise<Result> {
  for (const option of ['design', 'model', 'calibration', 'column', 'outputs'] as const)
    check(given[option] === undefined, 'evaluate', `--${option} needs --data FILES, examples to measure on`);
  check(given.link !== undefined, 'evaluate', 'needs LINK, or a design with --data FILES');
  const { examples = 4096, seed = seeds.heldOut } = given;
  const { model, design, quantization } = configOfLink(given.link, 'evaluate');
  if (model.kind !== 'card')
    throw new InputError(
      'evaluate',
      'LINK must be of a model that was trained here, or come with --model FILE.onnx --data FILES',
      model.kind,
    );
  const measurer = await measurerOf(taskNamed(model.id, 'evaluate'));
  const tell = teller(given, surroundings);
  let last: Measurement | null = null;
  for await (const step of measurer.measure({ design, quantization }, { examples, seed })) {
    if (step.kind === 'measured') last = step.measurement;
    tell(last === null ? 'preparing the weights' : `${last.n} of ${examples} examples`);
  }
  if (last === null) throw new Error('internal: nothing was measured');
  return resultOf(last, last);
}

async function onData(given: Options, data: string, surroundings: Surroundings): Promise<Result> {
  const { folder, note } = surroundings;
  check(given.seed === undefined, 'evaluate', '--seed is of examples of a task; --data has its own');
  const design = readDesign(given.link, given.design, 'evaluate');
  check(
    design.quantization.kind !== 'w8a8',
    'evaluate',
    'with --data weights may be quantized, activations not',
    'w8a8',
  );
  const tell = teller(given, surroundings);
  const model = modelPathOf(given.model, design, 'evaluate');
  const opened = await openModel(folder, model, 'evaluate');
  try {
    const file = fileFor(opened, design);
    const own = withGraph(file, '--data', 'evaluate');
    const { column } = given;
    const { kind, inputs, told } = await readExampleFiles(
      own,
      { names: data, column, folder, model },
      'evaluate',
    );
    for (const sentence of told) note(`evaluate: ${sentence}`);
    const calibration = await readCalibration({ ...given, model }, file, surroundings, 'evaluate');
    check(
      calibration === null || !isSame(calibration.inputs, inputs),
      'evaluate',
      '--calibration must be other examples than --data: what factors are fitted to flatters them',
      given.calibration,
    );
    const weights = await rebuilt(given, design, own, calibration, tell);
    let last: UserMeasurement | null = null;
    const range = { examples: given.examples, outputs: given.outputs?.split(',') };
    for await (const step of measureUserModel(await loadOrt(), own.onnx, weights, inputs, range)) {
      last = step;
      tell(`${step.examples} of ${inputs.count} examples`);
    }
    if (last === null) throw new Error('internal: nothing was measured');
    const { all, labelled, examples, outputs } = last;
    return {
      ...resultOf(all, labelled),
      data: { kind, examples, answers: all.n, labelled: labelled?.n ?? 0, outputs },
    };
  } finally {
    opened.close();
  }
}

const isSame = (a: UserInputs, b: UserInputs): boolean =>
  a.count === b.count &&
  a.inputs.every(({ values }, k) => {
    const other = b.inputs[k]?.values;
    return values.length === other?.length && values.every((value, at) => value === other[at]);
  });

/** The weights of the design's layers as they are measured: put together from their factors, stored as the link says. */
async function rebuilt(
  { model }: Options,
  design: Design,
  file: OnnxFile,
  calibration: Calibration | null,
  tell: (what: string) => void,
): Promise<readonly DenseWeight[]> {
  const { quantization } = design;
  const isKept = quantization.kind === 'none';
  const chosen = chooseLayers(design, file.model.linears).filter(
    ({ factorization }) => !isKept || factorization.format !== 'dense',
  );
  const factorized = chosen.filter(({ factorization }) => factorization.format !== 'dense');
  const covariances =
    calibration !== null
      ? await calibration.covariances(
          factorized.map(({ layer }) => layer),
          (done, of) => tell(`${done} of ${of} examples of --calibration`),
        )
      : model === undefined
        ? await shippedCovariances(design, 'evaluate')
        : new Map<string, Matrix>();
  const weights: DenseWeight[] = [];
  for (const { layer, factorization } of chosen) {
    const found = file.model.linears.find(({ name }) => name === layer.name);
    if (found === undefined) throw new Error(`internal: no layer ${layer.name}`);
    checkFactorization(factorization, found.out, found.in);
    const covariance = covariances.get(found.name);
    const weight = rebuiltWeight(await readOnnxWeight(file.onnx, found), factorization, {
      quantization,
      ...(covariance === undefined ? {} : { covariance }),
    });
    weights.push({ layer: found, weight });
    tell(`${weights.length} of ${chosen.length} layers`);
  }
  return weights;
}

/** @param all of divergence and flips; @param labelled of accuracies, null without labels */
function resultOf({ kl, flips }: Measurement, labelled: Measurement | null): Result {
  if (labelled === null) {
    const none = { accuracy: null, low: null, high: null };
    const paired = { difference: null, low: null, high: null, p: null };
    return { dense: none, candidate: { ...none, kl, flips }, paired };
  }
  const { difference, low, high, p } = labelled.paired;
  const { f1 } = labelled;
  return {
    dense: { ...figures(labelled.dense), ...(f1 && { f1: f1.dense }) },
    candidate: { ...figures(labelled.candidate), ...(f1 && { f1: f1.candidate }), kl, flips },
    paired: { difference, low, high, p },
  };
}

const measurers = new Map<Task['id'], Promise<Measurer>>();

/** One per model for all requests of a batch. */
function measurerOf(task: Task): Promise<Measurer> {
  const known = measurers.get(task.id) ?? open(task);
  measurers.set(task.id, known);
  known.catch(() => measurers.delete(task.id));
  return known;
}

async function open(task: Task): Promise<Measurer> {
  const path = shippedModelPath(task.id, 'evaluate');
  const bytes = onFile('evaluate', path, () => readFileSync(path));
  return openMeasurer(await loadOrt(), bytes, modelById(task.id).linears, task);
}
