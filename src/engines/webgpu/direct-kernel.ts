/**
 * Any strided product as WGSL, without shared memory: each thread keeps a block of the output in registers and walks
 * along k. All extents and strides are constants of the code. Vectors are loaded along whichever axis of an operand
 * lies word by word in memory and are taken apart in registers. Blocks at the edge are moved back inside, so that they
 * overlap and nothing needs a guard: two threads may then write the same output, both the same value.
 */
import { invariant } from '../../core/base/checks.ts';
import { extentOf, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { createBlock, digit } from './block.ts';
import { emitLoops, type Pass } from './loops.ts';
import { innerAxis, packingOf, type ArrayName } from './packing.ts';
import { plannedForm, type Plan } from './plan.ts';
import { arraysOf, createWords, firstNeighbour, sidePosition, unitOf, vectorsOf } from './words.ts';
import type { Cell, Packings, Place } from './words.ts';

export type Dtype = 'f32' | 'f16';

export interface Kernel {
  /** Bindings of group 0: a, b as the plan swaps them (one operand: a alone), then the output. */
  readonly code: string;
  /** Workgroups to start along x and y. */
  readonly workgroups: readonly [number, number];
  /** Above 1 the kernel is started so often, each time with the number of the piece in a uniform after the output. */
  readonly pieces: number;
  /** Words written: more than the output's where parts are added up afterwards, and then float32. */
  readonly outWords: number;
}

type Emit = (line: string) => void;

const mostWorkgroups = 65_535;
const components = 'xyzw';

/**
 * @param form neither empty along the output nor along k; the plan's block within its sides
 * @param dtype of the operands; sums are float32
 * @param writes type of the output; parts are written as float32
 * @param wantedPieces in how many starts the work is done, for devices that must not be busy for long
 */
export function directKernel(
  form: GemmForm,
  plan: Plan,
  dtype: Dtype,
  writes: Dtype = dtype,
  wantedPieces = 1,
): Kernel {
  const planned = plannedForm(form, plan);
  const { batch, m, n, k, words } = planned;
  invariant(
    plan.batches <= extentOf(batch) && plan.rows <= extentOf(m) && plan.columns <= extentOf(n),
    'a block lies within its sides',
  );
  invariant(plan.lane === 'batch' || plan.batches === 1, 'lanes along n leave one batch to a thread');
  const lines: string[] = [];
  const emit: Emit = (line) => void lines.push(line);
  const packings: Packings = {
    a: packingOf(planned, 'a', plan),
    b: words.b === null ? 'none' : packingOf(planned, 'b', plan),
    out: packingOf(planned, 'out', plan),
  };
  const { workgroups, pieces } = emitThread(planned, plan, wantedPieces, emit);
  const blocks = {
    batch: createBlock('p', batch, plan.batches, plan.splits > 1 ? 'tp' : 'tb', emit),
    m: createBlock('r', m, plan.rows, 'tm', emit),
    n: createBlock('c', n, plan.columns, 'tn', emit),
  };
  const place = createWords(blocks, packings, emit);
  const vectors = vectorsOf(plan);
  for (const array of arraysOf(planned))
    for (const lanes of vectors) for (const cell of lanes) place(array, cell);
  vectors.forEach((_, v) => emit(`  var s${v} = ${vectorType(plan.width)}(0);`));

  const pass: Pass = (depth, offset, indent) => {
    const element = createLoader(
      { packings, place, lane: plan.lane, inner: innerAxis(k), offset, dtype },
      (line) => emit(indent + line),
    );
    const operand = (array: 'a' | 'b', lanes: readonly Cell[], kk: number): string => {
      const parts = lanes.map((cell) => element(array, cell, kk));
      return array === 'a' && plan.lane === 'n' ? (parts[0] ?? '') : join(parts);
    };
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
  emitLoops(planned, { depth: plan.depth, splits: plan.splits, units }, emit, pass);

  const half = writes === 'f16' && plan.splits === 1;
  const part = plan.splits > 1 ? [`part * ${words.out / unitOf(packings.out)}u`] : [];
  vectors.forEach((lanes, v) => {
    const written = packings.out === 'none' ? lanes : lanes.slice(0, 1);
    written.forEach((cell, lane) => {
      const value = packings.out !== 'none' || plan.width === 1 ? `s${v}` : `s${v}.${components[lane]}`;
      const stored = half ? `${packings.out === 'none' ? 'f16' : 'vec4<f16>'}(${value})` : value;
      emit(`  c[${indexOf(place('out', cell), part, 0)}] = ${stored};`);
    });
  });
  const outWords = words.out * plan.splits;
  const outType: Dtype = half ? 'f16' : 'f32';
  const code = [
    ...(dtype === 'f16' || half ? ['enable f16;'] : []),
    binding(0, 'a', words.a, unitOf(packings.a), dtype),
    ...(words.b === null ? [] : [binding(1, 'b', words.b, unitOf(packings.b), dtype)]),
    binding(words.b === null ? 1 : 2, 'c', outWords, unitOf(packings.out), outType),
    ...(pieces > 1 ? [`@group(0) @binding(${words.b === null ? 2 : 3}) var<uniform> piece: vec4u;`] : []),
    `@compute @workgroup_size(${plan.group.join(', ')})`,
    'fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) id: vec3u) {',
    ...lines,
    '}',
    '',
  ].join('\n');
  return { code, workgroups, pieces, outWords };
}

/** Names tn, tm, tb: which block of columns, rows and batches this thread has; with parts also `part` and `tp`. */
function emitThread(
  { batch, m, n }: GemmForm,
  plan: Plan,
  wantedPieces: number,
  emit: Emit,
): Pick<Kernel, 'workgroups' | 'pieces'> {
  const batches = Math.ceil(extentOf(batch) / plan.batches);
  const blocks = [
    Math.ceil(extentOf(n) / plan.columns),
    Math.ceil(extentOf(m) / plan.rows),
    batches * plan.splits,
  ];
  const [across = 1, down = 1, deep = 1] = blocks.map((count, k) => Math.ceil(count / (plan.group[k] ?? 1)));
  const total = across * down * deep;
  const piece = Math.ceil(total / Math.max(1, wantedPieces));
  const pieces = Math.ceil(total / piece);
  const wide = Math.min(piece, mostWorkgroups);
  const start = pieces > 1 ? ` + piece.x * ${piece}u` : '';
  emit(piece === wide ? `  let w = wg.x${start};` : `  let w = wg.x + wg.y * ${wide}u${start};`);
  emit(`  let tn = ${digit('w', across, 1, total)} * ${plan.group[0]}u + id.x;`);
  emit(`  let tm = ${digit('w', down, across, total)} * ${plan.group[1]}u + id.y;`);
  emit(`  let tb = w / ${across * down}u * ${plan.group[2]}u + id.z;`);
  emit(`  if (${['tn', 'tm', 'tb'].map((name, k) => `${name} >= ${blocks[k]}u`).join(' || ')}) { return; }`);
  if (plan.splits > 1) {
    emit(`  let part = tb / ${batches}u;`);
    emit(`  let tp = tb % ${batches}u;`);
  }
  return { workgroups: [wide, Math.ceil(piece / wide)], pieces };
}

interface Source {
  readonly packings: Packings;
  readonly place: (array: ArrayName, cell: Cell) => Place;
  readonly lane: Plan['lane'];
  readonly inner: ReturnType<typeof innerAxis>;
  readonly offset: { readonly a: string; readonly b: string };
  readonly dtype: Dtype;
}

/** Gives the expression of one element of an operand in this pass and loads what it lies in, once. */
function createLoader(
  { packings, place, lane, inner, offset, dtype }: Source,
  emit: Emit,
): (array: 'a' | 'b', cell: Cell, kk: number) => string {
  const loaded = new Set<string>();
  const load = (name: string, array: 'a' | 'b', spot: Place, further: number, count: 1 | 4): string => {
    if (!loaded.has(name)) {
      loaded.add(name);
      const value = `${array}[${indexOf(spot, [offset[array]], further)}]`;
      emit(`let ${name} = ${dtype === 'f32' ? value : `${vectorType(count)}(${value})`};`);
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

const vectorType = (width: number): string => (width === 1 ? 'f32' : `vec${width}f`);

/** The components of a vector; one that was loaded whole stays whole. */
function join(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0] ?? '';
  const whole = parts[0]?.slice(0, -2) ?? '';
  const together = parts.length === 4 && parts.every((part, lane) => part === `${whole}.${components[lane]}`);
  return together ? whole : `${vectorType(parts.length)}(${parts.join(', ')})`;
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

function binding(slot: number, name: string, words: number, unit: 1 | 4, dtype: Dtype): string {
  const element = unit === 1 ? dtype : `vec4<${dtype}>`;
  const access = name === 'c' ? 'read_write' : 'read';
  return `@group(0) @binding(${slot}) var<storage, ${access}> ${name}: array<${element}, ${Math.ceil(words / unit)}>;`;
}
