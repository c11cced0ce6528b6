/**
 * Residency between layers: activations stay in the largest on-chip memory from the operation that makes them to the last one
 * that reads them, where they fit beside everything else that stays; a part of the memory is left to the tiles of what comes
 * through. Told from shapes alone, so that a dense model and a factorized one are treated alike. Arrays with the shortest
 * lives come first, since they ask for room the shortest time; the residual stream, which lives all the while, comes last.
 */
import type { Words } from '../base/units.ts';
import type { Accelerator } from '../hardware/accelerator.ts';
import { wordsHeld } from '../hardware/bit-widths.ts';
import type { TransformerModel, Workload } from '../workload/model.ts';
import { schedule } from '../workload/schedule.ts';
import type { Activation, Operation } from '../workload/schedule.ts';
import type { LayerEnds } from './fusion/whole.ts';
import type { Place } from './place.ts';

export interface ResidencyPlan {
  /** The level that activations stay in; 0 = none is fit for it. */
  readonly level: number;
  /** By position in `model.linears`; undefined = everything in the outermost level. */
  readonly linears: readonly (LayerEnds | undefined)[];
  /** By position in `model.attention`. */
  readonly attention: readonly (Place | undefined)[];
  /** The level of an array of that block. */
  readonly levelOf: (activation: Activation, block: number | null) => number;
}

/**
 * Share of the memory that is left to tiles. Of 1/2, 1/4 and 1/8 the last gave the least EDP, dense and rank 188 or 24, for
 * BERT-base at 128 and Glyph-ViT at 144 tokens on ws16, simba and ws8t.
 */
const left = 1 / 8;

/** @param accelerator as activations see it (`Mapper.machineOf`) */
export function planResidency(
  accelerator: Accelerator,
  model: TransformerModel,
  workload: Workload,
): ResidencyPlan {
  const { levels } = accelerator;
  const level = homeOfActivations(accelerator);
  const nothing = levels.map(() => 0);
  const linears: (LayerEnds | undefined)[] = model.linears.map(() => undefined);
  const attention: (Place | undefined)[] = model.attention.map(() => undefined);
  const resident = new Map<number, ReadonlySet<string>>();
  if (level > 0) {
    const room = (levels[level]?.depthWords ?? Number.POSITIVE_INFINITY) * (1 - left);
    const perWord = wordsHeld(levels[level], 'O');
    const keepsWeights = levels[level]?.keeps.includes('W') === true;
    const operations = schedule(model, workload);
    for (const [block, own] of byBlock(operations)) {
      const lives = livesOf(own, keepsWeights);
      const staying = choose(lives, own.length, room / perWord);
      resident.set(block, new Set(staying.map(({ name }) => name)));
      const home = (activation: Activation | undefined): number =>
        activation !== undefined &&
        !activation.outside &&
        staying.some(({ name }) => name === activation.name)
          ? level
          : 0;
      own.forEach((operation, at) => {
        const [input, second] = operation.reads;
        const names = new Set([...operation.reads, operation.writes].map(({ name }) => name));
        const beside = staying.reduce(
          (sum, life) => (isAlive(life, at) && !names.has(life.name) ? sum + life.words : sum),
          0,
        );
        const held = nothing.map((none, l) => (l === level ? beside * perWord : none));
        const [i, w, o] = [home(input), home(second), home(operation.writes)];
        if (i + w + o + beside === 0) return;
        if (operation.kind === 'linear') linears[operation.index] = { input: i, output: o, held };
        if (operation.kind === 'attention')
          attention[operation.index] = { homes: { I: i, W: w, O: o }, held };
      });
    }
  }
  return {
    level,
    linears,
    attention,
    levelOf: ({ name, outside }, block) =>
      !outside && block !== null && resident.get(block)?.has(name) === true ? level : 0,
  };
}

/** The largest memory inside the outermost that takes inputs and results and is one instance. */
export function homeOfActivations({ levels }: Accelerator): number {
  const size = (l: number): number => levels[l]?.depthWords ?? Number.POSITIVE_INFINITY;
  return levels.reduce((best, { keeps, meshX, meshY }, l) => {
    const fit = l > 0 && keeps.includes('I') && keeps.includes('O') && meshX * meshY === 1;
    return fit && (best === 0 || size(l) > size(best)) ? l : best;
  }, 0);
}

function byBlock(operations: readonly Operation[]): ReadonlyMap<number, readonly Operation[]> {
  const blocks = new Map<number, Operation[]>();
  for (const operation of operations) {
    if (operation.block === null) continue;
    const own = blocks.get(operation.block);
    if (own === undefined) blocks.set(operation.block, [operation]);
    else own.push(operation);
  }
  return blocks;
}

interface Life {
  readonly name: string;
  readonly words: Words;
  /** Operations of the block, both included. */
  readonly from: number;
  readonly to: number;
}

const isAlive = ({ from, to }: Life, at: number): boolean => from <= at && at <= to;

/** Arrays of the block that may stay; one that is read before it is made is there from the start to the end. */
function livesOf(operations: readonly Operation[], keepsWeights: boolean): readonly Life[] {
  const lives = new Map<string, Life>();
  const barred = new Set<string>();
  const note = ({ name, words, outside }: Activation, at: number, isRead: boolean): void => {
    if (outside) barred.add(name);
    const known = lives.get(name);
    const whole = known === undefined && isRead;
    lives.set(name, {
      name,
      words: Math.max(words, known?.words ?? 0),
      from: whole ? 0 : (known?.from ?? at),
      to: whole ? operations.length - 1 : Math.max(known?.to ?? 0, at),
    });
  };
  operations.forEach(({ kind, reads, writes }, at) => {
    reads.forEach((each, slot) => {
      note(each, at, true);
      if (kind === 'attention' && slot === 1 && !keepsWeights) barred.add(each.name);
    });
    note(writes, at, false);
  });
  return [...lives.values()].filter(({ name }) => !barred.has(name));
}

function choose(lives: readonly Life[], moments: number, room: number): readonly Life[] {
  const used = new Float64Array(moments);
  const chosen: Life[] = [];
  const length = ({ from, to }: Life): number => to - from;
  for (const life of lives.toSorted((a, b) => length(a) - length(b) || a.words - b.words)) {
    const during = used.subarray(life.from, life.to + 1);
    if (during.some((words) => words + life.words > room)) continue;
    during.forEach((words, i) => (during[i] = words + life.words));
    chosen.push(life);
  }
  return chosen;
}
