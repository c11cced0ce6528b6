/**
 * The normal equations of one factor given the others under the weight C, as networks: the other factors, C, the other
 * factors again. Without the factor this network falls apart into components (of a train's core two, of a Tucker core one
 * per mode), and the matrix is their Kronecker product, so that each is solved alone. Where that is dearer, a few steps of
 * conjugate gradients, preconditioned per component by its best split into bonds and input mode: exact when C is a
 * Kronecker product of moments of the modes.
 */
import { invariant } from '../../base/checks.ts';
import { matrix, permute, tensor, type Matrix } from '../../tensor/dense.ts';
import { timesTransposed } from '../../tensor/matmul.ts';
import { solverOf } from '../../tensor/solve.ts';
import type { Factorization } from '../factorization.ts';
import { weightEinsum } from '../forward.ts';
import { product } from '../tensorization.ts';
import { along, type Along } from './conjugate.ts';
import { compileNetwork, type Network } from './network.ts';

/** Sides of systems that are held and solved. */
const mostHeld = 2048;

/** A factor by its number, the first operand (-1), an array that stays, or what a network gives. */
type Operand = number | Float64Array | Fed;

/** A network and what it is fed with. */
export interface Fed {
  readonly network: Network;
  readonly operands: readonly Operand[];
}

/** @param first what stands for -1 */
export function runFed(
  { network, operands }: Fed,
  first: Float64Array,
  factors: readonly Float64Array[],
): Float64Array {
  return network.run(
    operands.map((operand) => {
      if (typeof operand === 'number') return operand < 0 ? first : factors[operand]!;
      return 'network' in operand ? runFed(operand, first, factors) : operand;
    }),
  );
}

interface System {
  readonly apply: Along;
  /** Exact, or what preconditions. */
  readonly solve: Along;
}

export interface Part {
  readonly side: number;
  readonly makeSystem: (run: (fed: Fed) => Float64Array) => System;
}

export interface NormalEquations {
  /** Extents of the unknown's axes as solved: output modes, then each part's, input mode first. */
  readonly ordered: readonly number[];
  /** Axis of the factor that each of them is. */
  readonly order: readonly number[];
  readonly parts: readonly Part[];
  /** The right-hand side, from W C. */
  readonly right: Fed;
  /** The matrix applied at once where the parts do not hold it. */
  readonly whole: Fed | null;
  readonly steps: number;
  /** Multiply-accumulates of all. */
  readonly macs: number;
}

interface Term {
  readonly labels: readonly string[];
  readonly operand: Operand;
}

const prime = (label: string): string => `${label}'`;
/** Conjugate gradients gain little beyond. */
const mostSteps = 12;
const fewestSteps = 2;
/** Systems that are solved without a look at what steps would cost: planning those costs as much. */
const cheap = 4e6;

/**
 * @param c [in, in], positive definite; null for plain least squares
 * @param k the factor @param work multiply-accumulates that may be spent on it
 * @returns null when the ranks are too large for any of these
 */
export function normalEquations(
  f: Factorization,
  c: Matrix | null,
  k: number,
  work: number,
): NormalEquations | null {
  const { inputs, output, extents } = weightEinsum(f);
  // Modes that both copies of a factor share: all of them where nothing is weighed.
  const outs = c === null ? output : output.slice(0, f.outModes.length);
  const ins = output.slice(outs.length);
  const own = inputs[k] ?? [];
  const extentsOf = (labels: readonly string[]): readonly number[] =>
    labels.map((label) => extents.get(label) ?? 1);
  const sizeOf = (labels: readonly string[]): number => product(extentsOf(labels));
  const primed = (labels: readonly string[]): readonly string[] =>
    labels.map((label) => (outs.includes(label) ? label : prime(label)));
  const moments = (modes: readonly string[]): Matrix | null =>
    c === null || modes.length === 0
      ? null
      : partialTrace(
          c,
          f.inModes,
          modes.map((label) => ins.indexOf(label)),
        );
  const weigh = (modes: readonly string[]): readonly Term[] => {
    const weight = moments(modes);
    return weight === null ? [] : [{ labels: [...modes, ...modes.map(prime)], operand: weight.values }];
  };
  const fed = (terms: readonly Term[], result: readonly string[]): Fed => {
    const used = new Set(terms.flatMap(({ labels }) => labels));
    const sizes = [...used].map((label): [string, number] => [
      label,
      extents.get(label.replace("'", '')) ?? 1,
    ]);
    const network = compileNetwork({
      inputs: terms.map(({ labels }) => labels),
      output: result,
      extents: new Map(sizes),
    });
    return { network, operands: terms.map(({ operand }) => operand) };
  };

  const others = inputs.flatMap((labels, j): Term[] => (j === k ? [] : [{ labels, operand: j }]));
  const twice = others.flatMap((term): readonly Term[] => {
    const { labels, operand } = term;
    const again = { labels: primed(labels), operand };
    const bonds = labels.filter((label) => !outs.includes(label));
    // A mode on a single bond: nothing is gained by joining its two copies later, and many operands are slow to plan.
    if (bonds.length > 1 || bonds.some((label) => ins.includes(label))) return [term, again];
    const joined = [...bonds, ...primed(bonds)];
    return [{ labels: joined, operand: fed([term, again], joined) }];
  });
  const weight = weigh(ins);
  const unknowns = own.filter((label) => !outs.includes(label));
  const groups = components([...twice, ...weight]).map((terms) => {
    const labels = unknowns.filter((label) => terms.some((term) => term.labels.includes(label)));
    const mode = labels.filter((label) => ins.includes(label));
    const bonds = labels.filter((label) => !ins.includes(label));
    return { terms, mode, bonds, all: [...mode, ...bonds] };
  });
  const labels = [...own.filter((label) => outs.includes(label)), ...groups.flatMap(({ all }) => all)];
  invariant(labels.length === own.length, 'a factor with an index that nothing else has');
  const size = sizeOf(labels);

  const exact = groups.map(({ terms, all }): Costed | null => {
    const side = sizeOf(all);
    if (side > mostHeld) return null;
    const system = fed(terms, [...all, ...all.map(prime)]);
    return {
      side,
      macs: system.network.macs + side ** 3 / 6 + 2 * size * side,
      makeSystem: (run) => {
        const values = matrix(side, side, run(system));
        return { apply: (m) => timesTransposed(m, values), solve: solverOf(values) };
      },
    };
  });
  const right = fed([{ labels: output, operand: -1 }, ...others], labels);
  const shared = { ordered: extentsOf(labels), order: labels.map((label) => own.indexOf(label)), right };
  const solved = costOf(exact);
  const direct =
    solved === Infinity
      ? null
      : {
          ...shared,
          parts: exact.filter((part) => part !== null),
          whole: null,
          steps: 1,
          macs: solved + right.network.macs,
        };
  // Without a weight the steps' preconditioner is the matrix itself.
  if (solved <= Math.min(cheap, work) || c === null) return direct;
  const split = groups.map(({ terms, mode, bonds, all }): Costed => {
    const side = sizeOf(bonds);
    const rest = ins.filter((label) => !mode.includes(label));
    const bare = terms.filter((term) => !weight.includes(term));
    const weighed = bare.length === terms.length ? bare : [...bare, ...weigh(rest)];
    const system = fed(weighed, [...bonds, ...bonds.map(prime)]);
    const modeMoments = moments(mode);
    const modeSide = sizeOf(mode);
    return {
      side: sizeOf(all),
      macs: side > mostHeld ? Infinity : system.network.macs + side ** 3 / 6,
      makeSystem: (run) => {
        const byBonds = solverOf(matrix(side, side, run(system)));
        const byMode = modeMoments === null ? null : solverOf(modeMoments);
        const solve: Along = (m) => {
          const once = byBonds(matrix(m.values.length / side, side, m.values));
          return byMode === null
            ? { ...m, values: once.values }
            : { ...m, values: along(once.values, m.rows, modeSide, side, byMode) };
        };
        return { apply: (m) => m, solve };
      },
    };
  });
  const bonds = costOf(split);
  if (bonds === Infinity) return direct;
  const whole = fed([{ labels, operand: -1 }, ...twice, ...weight], primed(labels));
  const oneStep = whole.network.macs;
  const affordable = Math.round((work - bonds) / oneStep) - 1;
  const steps = Math.max(fewestSteps, Math.min(mostSteps, affordable));
  const iterated = bonds + (steps + 1) * oneStep;
  return solved <= iterated
    ? direct
    : { ...shared, parts: split, whole, steps, macs: iterated + right.network.macs };
}

interface Costed extends Part {
  readonly macs: number;
}

const costOf = (parts: readonly (Costed | null)[]): number =>
  parts.reduce((sum, part) => sum + (part === null ? Infinity : part.macs), 0);

/** C [modes, modes] summed over equal indices of all modes but `kept`: [kept, kept]. */
function partialTrace(c: Matrix, modes: readonly number[], kept: readonly number[]): Matrix {
  const summed = modes.map((_, k) => k).filter((k) => !kept.includes(k));
  const d = modes.length;
  if (summed.length === 0) return c;
  const order = [...kept, ...kept.map((k) => d + k), ...summed, ...summed.map((k) => d + k)];
  const { values } = permute(tensor([...modes, ...modes], c.values), order);
  const side = product(kept.map((k) => modes[k] ?? 1));
  const rest = product(summed.map((k) => modes[k] ?? 1));
  const result = new Float64Array(side * side);
  for (let at = 0; at < result.length; at++)
    for (let i = 0; i < rest; i++) result[at]! += values[at * rest * rest + i * (rest + 1)]!;
  return matrix(side, side, result);
}

/** Terms in groups that share no label. */
function components(terms: readonly Term[]): readonly (readonly Term[])[] {
  let groups: readonly { readonly members: readonly Term[]; readonly labels: ReadonlySet<string> }[] = [];
  for (const term of terms) {
    const touched = groups.filter(({ labels }) => term.labels.some((label) => labels.has(label)));
    const joined = {
      members: [...touched.flatMap(({ members }) => members), term],
      labels: new Set([...touched.flatMap(({ labels }) => [...labels]), ...term.labels]),
    };
    groups = [...groups.filter((group) => !touched.includes(group)), joined];
  }
  return groups.map(({ members }) => members);
}
