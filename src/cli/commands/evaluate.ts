/** `evaluate`: measured accuracy of the design in a link, beside the dense model's. */
import { readFileSync } from 'node:fs';
import { InputError } from '../../core/base/checks.ts';
import type { Share } from '../../core/accuracy/intervals.ts';
import type { Measurement } from '../../core/accuracy/tally.ts';
import { seeds, type Task } from '../../core/tasks/task.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer, type Measurer } from '../../engines/ort/measurer.ts';
import { loadOrt } from '../../engines/ort/ort.ts';
import { defineCommand } from '../command.ts';
import { onFile } from '../files.ts';
import { configOfLink } from '../links.ts';
import { common, otherwise, positional, required, text, whole } from '../options.ts';
import { shippedModelPath, taskNamed } from '../shipped.ts';
import { facts } from '../table.ts';

interface Figures {
  /** Share of right answers, 0 to 1, with its 95 % interval. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

interface Result {
  readonly dense: Figures;
  readonly candidate: Figures & {
    /** Mean divergence from the dense model, nats an example. */
    readonly kl: number;
    /** Share of examples answered differently from the dense model. */
    readonly flips: number;
  };
  /** Candidate less dense on the same examples, -1 to 1, its 95 % interval, and McNemar's exact p. */
  readonly paired: {
    readonly difference: number;
    readonly low: number;
    readonly high: number;
    readonly p: number;
  };
}

const progressMs = 1000;

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  summary: 'measured accuracy of the design in a link',
  usage: 'evaluate LINK [--examples N] [--seed N] [--progress]',
  notes: [
    'LINK is of a design of glyph-vit or lexical-qa. Result: {dense: {accuracy, low, high}, candidate: {accuracy, low,',
    'high, kl, flips}, paired: {difference, low, high, p}}. Shares are from 0 to 1 with 95 % intervals (Wilson; paired:',
    'Bonett, Price), kl is in nats an example against the dense model, flips the share answered differently, p of',
    "McNemar's exact test. Weights are rebuilt from the factors, fitted to what the layers' inputs use.",
  ],
  options: {
    link: required(positional(text('LINK', 'the link'))),
    examples: otherwise(whole('how many'), 4096),
    seed: otherwise(whole('stream of examples; training used 1, calibration 2', 0), seeds.heldOut),
    progress: common.progress,
  },
  run: async ({ link, examples, seed, progress }, { note, now }): Promise<Result> => {
    const { model, design, quantization } = configOfLink(link, 'evaluate');
    if (model.kind !== 'card')
      throw new InputError('evaluate', 'LINK must be of a model that was trained here', model.kind);
    const measurer = await measurerOf(taskNamed(model.id, 'evaluate'));
    let told = now();
    let last: Measurement | null = null;
    for await (const step of measurer.measure({ design, quantization }, { examples, seed })) {
      if (step.kind === 'measured') last = step.measurement;
      if (!progress || now() - told < progressMs) continue;
      told = now();
      note(`evaluate: ${last === null ? 'preparing the weights' : `${last.n} of ${examples} examples`}`);
    }
    if (last === null) throw new Error('internal: nothing was measured');
    const { dense, candidate, kl, flips, paired } = last;
    const { difference, low, high, p } = paired;
    return {
      dense: figures(dense),
      candidate: { ...figures(candidate), kl, flips },
      paired: { difference, low, high, p },
    };
  },
  print: ({ dense, candidate, paired }) =>
    facts([
      ['dense', percent(dense.accuracy, dense)],
      ['this design', percent(candidate.accuracy, candidate)],
      ['difference', percent(paired.difference, paired)],
      ['p (McNemar)', paired.p],
      ['answered differently', percent(candidate.flips)],
      ['divergence (nats)', candidate.kl],
    ]),
});

const figures = ({ value, low, high }: Share): Figures => ({ accuracy: value, low, high });

function percent(value: number, ends?: { readonly low: number; readonly high: number }): string {
  const show = (share: number): string => (100 * share).toFixed(2);
  return `${show(value)} %${ends === undefined ? '' : `  [${show(ends.low)}, ${show(ends.high)}]`}`;
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
