/**
 * A thread's block of a strided product as WGSL: kept in registers while the thread walks along k, then stored. Vectors
 * are loaded along whichever axis of an operand lies word by word in memory and are taken apart in registers. Blocks at
 * the edge are moved back inside, so that they overlap and nothing needs a guard.
 */
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import { createBlock } from './block.ts';
import { emitLoops, type Pass } from './loops.ts';
import { innerAxis, packingOf, type ArrayName } from './packing.ts';
import type { Plan } from './plan.ts';
import { arraysOf, createWords, firstNeighbour, sidePosition, unitOf, vectorsOf } from './words.ts';
import type { Cell, Packings, Place } from './words.ts';

export type Dtype = 'f32' | 'f16';

/** How an array of the product is called and what it holds. */
export interface NamedArray {
  readonly name: string;
  readonly dtype: Dtype;
  /** Further words from the array's beginning, an expression that counts vectors where the array is packed. */
  readonly base?: string;
}

export interface BlockProduct {
  /** As the plan swaps it. */
  readonly form: GemmForm;
  readonly plan: Plan;
  readonly packings: Packings;
  readonly arrays: Readonly<Record<ArrayName, NamedArray>>;
  /** Expressions for which block of columns, rows and batches it is. */
  readonly tiles: { readonly n: string; readonly m: string; readonly batch: string };
}

export type Emit = (line: string) => void;

const components = 'xyzw';

/** Which arrays the plan's kernel reads and writes four words at a time. */
export const packingsOf = (planned: GemmForm, plan: Plan): Packings => ({
  a: packingOf(planned, 'a', plan),
  b: planned.words.b === null ? 'none' : packingOf(planned, 'b', plan),
  out: packingOf(planned, 'out', plan),
});

/** With parts of k, `part` must be a variable: the part that the thread adds up. */
export function emitBlockProduct(product: BlockProduct, emit: Emit): void {
  const { form, plan, packings, arrays, tiles } = product;
  const { batch, m, n, k, words } = form;
  const blocks = {
    batch: createBlock('p', batch, plan.batches, tiles.batch, emit),
    m: createBlock('r', m, plan.rows, tiles.m, emit),
    n: createBlock('c', n, plan.columns, tiles.n, emit),
  };
  const bases = { a: arrays.a.base, b: arrays.b.base, out: arrays.out.base };
  const place = createWords(blocks, packings, bases, emit);
  const vectors = vectorsOf(plan);
  for (const array of arraysOf(form))
    for (const lanes of vectors) for (const cell of lanes) place(array, cell);
  vectors.forEach((_, v) => emit(`  var s${v} = ${vectorType(plan.width)}(0);`));

  const half = halfProducts(product);
  const pass: Pass = (depth, offset, indent) => {
    const element = createLoader(
      { packings, arrays, place, lane: plan.lane, inner: innerAxis(k), offset, half },
      (line) => emit(indent + line),
    );
    const operand = (array: 'a' | 'b', lanes: readonly Cell[], kk: number): string => {
      const parts = lanes.map((cell) => element(array, cell, kk));
      return array === 'a' && plan.lane === 'n' ? (parts[0] ?? '') : join(parts, half ? 'f16' : 'f32');
    };
    const products = (v: number): readonly string[] =>
      Array.from({ length: depth }, (_, kk) => {
        const lanes = vectors[v] ?? [];
        return `${operand('a', lanes, kk)} * ${operand('b', lanes, kk)}`;
      });
    if (half) {
      vectors.forEach((_, v) =>
        emit(`${indent}s${v} += ${vectorType(plan.width)}(${products(v).join(' + ')});`),
      );
      return;
    }
    for (const row of byRow(vectors))
      for (let kk = 0; kk < depth; kk++)
        for (const v of row) {
          const lanes = vectors[v] ?? [];
          const left = operand('a', lanes, kk);
          const right = words.b === null ? '' : ` * ${operand('b', lanes, kk)}`;
          emit(`${indent}s${v} += ${left}${right};`);
        }
  };
  const units = { a: unitOf(packings.a), b: unitOf(packings.b) };
  const team = teamOf(plan);
  emitLoops(form, { depth: plan.depth, splits: plan.splits, team, units }, emit, pass);
  if (team > 1) emitTeamSum(plan, emit);
  emitStores(product, place, emit);
  if (team > 1) emit('  }');
}

const halfProducts = ({ plan, form, arrays }: BlockProduct): boolean =>
  plan.half === true && form.words.b !== null && arrays.a.dtype === 'f16' && arrays.b.dtype === 'f16';

/** Threads that have the same block. */
export const teamOf = ({ shared, group }: Plan): number =>
  shared === 'team' || shared === 'subgroup' ? group[0] : 1;

/** Declarations that a team needs. */
export const teamMemory = (plan: Plan): readonly string[] =>
  plan.shared === 'team'
    ? [
        `var<workgroup> sums: array<${vectorType(plan.width)}, ${(teamOf(plan) * blockSize(plan)) / plan.width}>;`,
      ]
    : [];

export const blockSize = ({ rows, columns, batches }: Plan): number => rows * columns * batches;

/** Adds up what the threads of a team have, by halves; opens a branch that only the first thread takes. */
function emitTeamSum(plan: Plan, emit: Emit): void {
  const team = teamOf(plan);
  const vectors = Array.from({ length: blockSize(plan) / plan.width }, (_, v) => v);
  if (plan.shared === 'subgroup') {
    for (const v of vectors) emit(`  s${v} = subgroupAdd(s${v});`);
    emit('  if (id.x == 0u) {');
    return;
  }
  for (const v of vectors) emit(`  sums[${v * team}u + id.x] = s${v};`);
  for (let half = team / 2; half >= 1; half /= 2) {
    emit('  workgroupBarrier();');
    emit(`  if (id.x < ${half}u) {`);
    for (const v of vectors) emit(`    sums[${v * team}u + id.x] += sums[${v * team + half}u + id.x];`);
    emit('  }');
  }
  emit('  if (id.x == 0u) {');
  for (const v of vectors) emit(`    s${v} = sums[${v * team}];`);
}

/** Writes the block, converted to the output's type. */
export function emitStores(
  { form: { words }, plan, packings, arrays }: Pick<BlockProduct, 'form' | 'plan' | 'packings' | 'arrays'>,
  place: (array: ArrayName, cell: Cell) => Place,
  emit: Emit,
): void {
  const half = arrays.out.dtype === 'f16';
  const part = plan.splits > 1 ? [`part * ${words.out / unitOf(packings.out)}u`] : [];
  vectorsOf(plan).forEach((lanes, v) => {
    const written = packings.out === 'none' ? lanes : lanes.slice(0, 1);
    written.forEach((cell, lane) => {
      const value = packings.out !== 'none' || plan.width === 1 ? `s${v}` : `s${v}.${components[lane]}`;
      const stored = half ? `${packings.out === 'none' ? 'f16' : 'vec4<f16>'}(${value})` : value;
      emit(`  ${arrays.out.name}[${indexOf(place('out', cell), part, 0)}] = ${stored};`);
    });
  });
}

interface Source {
  readonly packings: Packings;
  readonly arrays: BlockProduct['arrays'];
  readonly place: (array: ArrayName, cell: Cell) => Place;
  readonly lane: Plan['lane'];
  readonly inner: ReturnType<typeof innerAxis>;
  readonly offset: { readonly a: string; readonly b: string };
  /** Elements stay f16. */
  readonly half: boolean;
}

/** Gives the expression of one element of an operand in this pass and loads what it lies in, once. */
function createLoader(
  { packings, arrays, place, lane, inner, offset, half }: Source,
  emit: Emit,
): (array: 'a' | 'b', cell: Cell, kk: number) => string {
  const loaded = new Set<string>();
  const load = (name: string, array: 'a' | 'b', spot: Place, further: number, count: 1 | 4): string => {
    if (!loaded.has(name)) {
      loaded.add(name);
      const { name: from, dtype } = arrays[array];
      const value = `${from}[${indexOf(spot, [offset[array]], further)}]`;
      emit(`let ${name} = ${dtype === 'f32' || half ? value : `${vectorType(count)}(${value})`};`);
    }
    return name;
  };
  return (array, cell, kk) => {
    const stride = inner?.[array] ?? 0;
    const own = array === 'a' ? `${cell.p}_${cell.r}` : `${cell.p}_${cell.c}`;
    switch (packings[array]) {
      case 'none':
        return load(`${array}${own}_${stride === 0 ? 0 : kk}`, array, place(array, cell), kk * stride, 1);
      case 'k': {
        const vector = Math.floor(kk / 4);
        return `${load(`${array}${own}_${vector}`, array, place(array, cell), vector, 4)}.${components[kk % 4]}`;
      }
      case 'side': {
        const first = firstNeighbour(array, lane, cell);
        const name = `${array}${array === 'a' ? `${first.p}_${first.r}` : `${first.p}_${first.c}`}_${stride === 0 ? 0 : kk}`;
        const vector = load(name, array, place(array, first), (kk * stride) / 4, 4);
        return `${vector}.${components[sidePosition(array, lane, cell) % 4]}`;
      }
      default:
        return packings[array] satisfies never;
    }
  };
}

const indexOf = ({ variable, constant }: Place, offsets: readonly string[], further: number): string => {
  const fixed = constant + further;
  return [variable, ...offsets, ...(fixed === 0 ? [] : [`${fixed}u`])].join(' + ');
};

export const vectorType = (width: number): string => (width === 1 ? 'f32' : `vec${width}f`);

/** The components of a vector; one that was loaded whole stays whole. */
function join(parts: readonly string[], dtype: Dtype): string {
  if (parts.length === 1) return parts[0] ?? '';
  const whole = parts[0]?.slice(0, -2) ?? '';
  const together = parts.length === 4 && parts.every((part, lane) => part === `${whole}.${components[lane]}`);
  return together ? whole : `vec${parts.length}<${dtype}>(${parts.join(', ')})`;
}

/** Positions of vectors with the same row. */
function byRow(vectors: readonly (readonly Cell[])[]): readonly (readonly number[])[] {
  const rows: number[][] = [];
  vectors.forEach((lanes, v) => {
    const row = (rows[lanes[0]?.r ?? 0] ??= []);
    row.push(v);
  });
  return rows;
}
