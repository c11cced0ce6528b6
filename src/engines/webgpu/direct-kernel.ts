/**
 * Any strided product as WGSL, without shared memory: each thread has one block of the output (block-product.ts). All
 * extents and strides are constants of the code. Blocks at the edge overlap: two threads may then write the same
 * output, both the same value.
 */
import { invariant } from '../../core/base/checks.ts';
import { extentOf, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { digit } from './block.ts';
import { emitBlockProduct, packingsOf, teamMemory, teamOf, type Dtype, type Emit } from './block-product.ts';
import { plannedForm, type Plan } from './plan.ts';
import { unitOf, type Packings } from './words.ts';

export type { Dtype } from './block-product.ts';

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

const mostWorkgroups = 65_535;

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
  const { batch, m, n } = planned;
  invariant(
    plan.batches <= extentOf(batch) && plan.rows <= extentOf(m) && plan.columns <= extentOf(n),
    'a block lies within its sides',
  );
  invariant(plan.lane === 'batch' || plan.batches === 1, 'lanes along n leave one batch to a thread');
  const lines: string[] = [];
  const emit: Emit = (line) => void lines.push(line);
  const packings = packingsOf(planned, plan);
  const { workgroups, pieces } = emitThread(planned, plan, wantedPieces, emit);
  const half = writes === 'f16' && plan.splits === 1;
  const outType: Dtype = half ? 'f16' : 'f32';
  const arrays = {
    a: { name: 'a', dtype },
    b: { name: 'b', dtype },
    out: { name: 'c', dtype: outType },
  };
  const tiles = { n: 'tn', m: 'tm', batch: plan.splits > 1 ? 'tp' : 'tb' };
  emitBlockProduct({ form: planned, plan, packings, arrays, tiles }, emit);
  return {
    ...assemble({ planned, plan, packings, dtype, writes: outType, pieces, shared: teamMemory(plan), lines }),
    workgroups,
    pieces,
  };
}

/** The whole text: bindings and the body. */
export function assemble(parts: {
  readonly planned: GemmForm;
  readonly plan: Plan;
  readonly packings: Packings;
  readonly dtype: Dtype;
  readonly writes: Dtype;
  readonly pieces: number;
  /** Declarations beside the bindings. */
  readonly shared?: readonly string[];
  readonly lines: readonly string[];
}): Pick<Kernel, 'code' | 'outWords'> {
  const { planned, plan, packings, dtype, writes, pieces, shared = [], lines } = parts;
  const { words } = planned;
  const outWords = words.out * plan.splits;
  const code = [
    ...(dtype === 'f16' || writes === 'f16' ? ['enable f16;'] : []),
    ...(plan.shared === 'subgroup' ? ['enable subgroups;'] : []),
    binding(0, 'a', words.a, unitOf(packings.a), dtype),
    ...(words.b === null ? [] : [binding(1, 'b', words.b, unitOf(packings.b), dtype)]),
    binding(words.b === null ? 1 : 2, 'c', outWords, unitOf(packings.out), writes),
    ...(pieces > 1 ? [`@group(0) @binding(${words.b === null ? 2 : 3}) var<uniform> piece: vec4u;`] : []),
    ...shared,
    `@compute @workgroup_size(${plan.group.join(', ')})`,
    'fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) id: vec3u) {',
    ...lines,
    '}',
    '',
  ].join('\n');
  return { code, outWords };
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
  // A team has one block, and then nobody may leave before the others.
  const threads = teamOf(plan) > 1 ? ([1, 1, 1] as const) : plan.group;
  const [across = 1, down = 1, deep = 1] = blocks.map((count, k) => Math.ceil(count / (threads[k] ?? 1)));
  const own = (k: number): string => (teamOf(plan) > 1 ? '' : ` * ${threads[k]}u + id.${'xyz'[k]}`);
  const total = across * down * deep;
  const started = emitStart(total, wantedPieces, emit);
  emit(`  let tn = ${digit('w', across, 1, total)}${own(0)};`);
  emit(`  let tm = ${digit('w', down, across, total)}${own(1)};`);
  emit(`  let tb = w / ${across * down}u${own(2)};`);
  emit(`  if (${['tn', 'tm', 'tb'].map((name, k) => `${name} >= ${blocks[k]}u`).join(' || ')}) { return; }`);
  if (plan.splits > 1) {
    emit(`  let part = tb / ${batches}u;`);
    emit(`  let tp = tb % ${batches}u;`);
  }
  return started;
}

/** Names w: which of `total` workgroups this is; in a grid, or in pieces, there may be some more. */
export function emitStart(
  total: number,
  wantedPieces: number,
  emit: Emit,
): Pick<Kernel, 'workgroups' | 'pieces'> {
  const piece = Math.ceil(total / Math.max(1, wantedPieces));
  const pieces = Math.ceil(total / piece);
  const wide = Math.min(piece, mostWorkgroups);
  const start = pieces > 1 ? ` + piece.x * ${piece}u` : '';
  emit(piece === wide ? `  let w = wg.x${start};` : `  let w = wg.x + wg.y * ${wide}u${start};`);
  return { workgroups: [wide, Math.ceil(piece / wide)], pieces };
}

function binding(slot: number, name: string, words: number, unit: 1 | 4, dtype: Dtype): string {
  const element = unit === 1 ? dtype : `vec4<${dtype}>`;
  const access = name === 'c' ? 'read_write' : 'read';
  return `@group(0) @binding(${slot}) var<storage, ${access}> ${name}: array<${element}, ${Math.ceil(words / unit)}>;`;
}
