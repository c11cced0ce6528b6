/**
 * A strided product as WGSL with tiles of both operands in memory that a workgroup shares: its threads load a tile of
 * a and one of b together, each word once, then every thread multiplies its block out of them. For GPUs, where reading
 * from far away is what takes the time. Tiles are kept with k outermost, so that threads read vectors of rows and of
 * columns whichever way the operands lie in memory. Workgroups at the edge overlap, as blocks do elsewhere.
 */
import { invariant } from '../../core/base/checks.ts';
import { extentOf, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { blockAt, createBlock, digit, offsets } from './block.ts';
import { emitStores, packingsOf, type Dtype, type Emit } from './block-product.ts';
import { assemble, emitStart, type Kernel } from './direct-kernel.ts';
import { innerAxis, type Packing } from './packing.ts';
import { plannedForm, type Plan } from './plan.ts';
import { createWords, vectorsOf } from './words.ts';

/** Bytes of shared memory that a plan's tiles take. */
export const tileBytes = ({ rows, columns, depth, group }: Plan): number =>
  depth * (rows * group[1] + columns * group[0]) * 4;

/** Arguments and result as `directKernel`; rows and columns of a workgroup lie within the sides and are fours. */
export function tiledKernel(
  form: GemmForm,
  plan: Plan,
  dtype: Dtype,
  writes: Dtype = dtype,
  wantedPieces = 1,
): Kernel {
  const planned = plannedForm(form, plan);
  const { batch, m, n, words } = planned;
  const [across, down] = plan.group;
  const [tall, wide] = [plan.rows * down, plan.columns * across];
  const [rowSide, columnSide, batchSide] = [extentOf(m), extentOf(n), extentOf(batch)];
  invariant(words.b !== null && plan.lane === 'n' && plan.width === 4, 'tiles are of two operands');
  invariant(plan.rows % 4 === 0 && plan.columns % 4 === 0, 'tiles are read by whole vectors');
  invariant(tall <= rowSide && wide <= columnSide, 'a tile lies within its sides');
  const lines: string[] = [];
  const emit: Emit = (line) => void lines.push(line);
  const packings = packingsOf(planned, plan);
  const [right, below] = [Math.ceil(columnSide / wide), Math.ceil(rowSide / tall)];
  const total = right * below * batchSide * plan.splits;
  const started = emitStart(total, wantedPieces, emit);
  emit(`  if (w >= ${total}u) { return; }`);
  emit(`  let thread = id.y * ${across}u + id.x;`);
  const first = (tile: string, side: number, size: number): string =>
    side % size === 0 ? `${tile} * ${size}u` : `min(${tile} * ${size}u, ${side - size}u)`;
  emit(`  let column = ${first(digit('w', right, 1, total), columnSide, wide)};`);
  emit(`  let row = ${first(digit('w', below, right, total), rowSide, tall)};`);
  emit(`  let tb = ${digit('w', batchSide, right * below, total)};`);
  if (plan.splits > 1) emit(`  let part = w / ${right * below * batchSide}u;`);
  const blocks = {
    batch: createBlock('p', batch, 1, 'tb', emit),
    m: blockAt('r', m, plan.rows, `row + id.y * ${plan.rows}u`, emit),
    n: blockAt('c', n, plan.columns, `column + id.x * ${plan.columns}u`, emit),
  };
  const place = createWords(blocks, packings, { a: undefined, b: undefined, out: undefined }, emit);
  const vectors = vectorsOf(plan);
  for (const lanes of vectors) for (const cell of lanes) place('out', cell);
  vectors.forEach((_, v) => emit(`  var s${v} = vec4f(0);`));

  const depth = extentOf(planned.k);
  const steps = Math.ceil(depth / plan.depth);
  const share = Math.ceil(steps / plan.splits);
  const [from, to] =
    plan.splits > 1 ? [`part * ${share}u`, `min((part + 1u) * ${share}u, ${steps}u)`] : ['0u', `${steps}u`];
  const k = kAxes(planned);
  const threads = across * down;
  const load = (
    side: Omit<TileSide, 'k' | 'depth' | 'base' | 'threads'> & { readonly array: 'a' | 'b' },
  ): void =>
    emitTile(
      {
        ...side,
        k,
        depth: plan.depth,
        base: blocks.batch(side.array, 0).variable ?? '0u',
        threads,
      },
      emit,
    );
  emit(`  for (var t = ${from}; t < ${to}; t++) {`);
  load({ array: 'a', tile: 'ta', axes: m, size: tall, first: 'row', packing: packings.a });
  load({ array: 'b', tile: 'tb4', axes: n, size: wide, first: 'column', packing: packings.b });
  emit('    workgroupBarrier();');
  emit(`    for (var k = 0u; k < ${plan.depth}u; k++) {`);
  const [quads, fours] = [plan.rows / 4, plan.columns / 4];
  for (let c = 0; c < fours; c++) emit(`      let b${c} = tb4[k * ${wide / 4}u + id.x * ${fours}u + ${c}u];`);
  for (let r = 0; r < quads; r++) {
    emit(`      let a${r} = ta[k * ${tall / 4}u + id.y * ${quads}u + ${r}u];`);
    for (let lane = 0; lane < 4; lane++)
      for (let c = 0; c < fours; c++)
        emit(`      s${(4 * r + lane) * fours + c} += a${r}.${'xyzw'[lane]} * b${c};`);
  }
  emit('    }');
  emit('    workgroupBarrier();');
  emit('  }');
  const outType: Dtype = writes === 'f16' && plan.splits === 1 ? 'f16' : 'f32';
  const arrays = { a: { name: 'a', dtype }, b: { name: 'b', dtype }, out: { name: 'c', dtype: outType } };
  emitStores({ form: planned, plan, packings, arrays }, place, emit);
  const shared = [
    `var<workgroup> ta: array<vec4f, ${(plan.depth * tall) / 4}>;`,
    `var<workgroup> tb4: array<vec4f, ${(plan.depth * wide) / 4}>;`,
  ];
  const { pieces } = started;
  return {
    ...assemble({ planned, plan, packings, dtype, writes: outType, pieces, shared, lines }),
    ...started,
  };
}

/** Axes of k with the one whose words are neighbours last, so that it turns fastest. */
function kAxes({ k }: GemmForm): readonly GemmAxis[] {
  const inner = innerAxis(k);
  return inner === undefined ? [] : [...k.filter((axis) => axis !== inner), inner];
}

interface TileSide {
  readonly array: 'a' | 'b';
  readonly tile: string;
  /** Rows of a or columns of b. */
  readonly axes: readonly GemmAxis[];
  /** Positions of the tile along them, and the variable that says where it begins. */
  readonly size: number;
  readonly first: string;
  readonly packing: Packing;
  readonly k: readonly GemmAxis[];
  readonly depth: number;
  /** Variable: words from the array's beginning to this batch. */
  readonly base: string;
  readonly threads: number;
}

/** Loads a tile together: each thread four rows (or columns) at one position of k, or at four where those lie together. */
function emitTile(side: TileSide, emit: Emit): void {
  const { array, tile, axes, size, first, packing, k, depth, base, threads } = side;
  const fours = size / 4;
  const run = packing === 'k' ? 4 : 1;
  const units = fours * (depth / run);
  // Neighbouring threads read neighbouring words.
  const alongSide = packing === 'side' || (packing === 'none' && axes.at(-1)?.[array] === 1);
  const [four, at] = alongSide
    ? [`u % ${fours}u`, `u / ${fours}u`]
    : [`u / ${depth / run}u`, `u % ${depth / run}u`];
  const total = extentOf(axes);
  const length = extentOf(k);
  const ragged = length % depth !== 0;
  emit(`    for (var u = thread; u < ${units}u; u += ${threads}u) {`);
  emit(`      let four = ${four};`);
  emit(`      let at = ${at}${run === 1 ? '' : ` * ${run}u`};`);
  emit(`      let position = t * ${depth}u + at;`);
  if (ragged) emit(`      let along = min(position, ${length - run}u);`);
  const along = ragged ? 'along' : 'position';
  emit(`      let origin = ${base} + ${offsets(k, array, along, length) ?? '0u'};`);
  const start = `${first} + four * 4u`;
  const inner = axes.at(-1);
  const together = axes.length === 1 || (inner !== undefined && inner.extent % 4 === 0);
  emit(`      let start = ${start};`);
  if (together) emit(`      let base0 = origin + ${offsets(axes, array, 'start', total) ?? '0u'};`);
  const word = (row: number): string => {
    if (together) return row === 0 ? 'base0' : `(base0 + ${row * (inner?.[array] ?? 0)}u)`;
    return `(origin + ${offsets(axes, array, `(start + ${row}u)`, total) ?? '0u'})`;
  };
  const kept = (value: string): string =>
    ragged ? `select(vec4f(0), ${value}, position < ${length}u)` : value;
  const rows = [0, 1, 2, 3];
  switch (packing) {
    case 'side':
      emit(`      ${tile}[at * ${fours}u + four] = ${kept(`vec4f(${array}[base0 / 4u])`)};`);
      break;
    case 'none':
      emit(
        `      ${tile}[at * ${fours}u + four] = ${kept(`vec4f(${rows.map((row) => `f32(${array}[${word(row)}])`).join(', ')})`)};`,
      );
      break;
    case 'k':
      for (const row of rows) emit(`      let v${row} = ${kept(`vec4f(${array}[${word(row)} / 4u])`)};`);
      for (const [j, lane] of [...'xyzw'].entries())
        emit(
          `      ${tile}[(at + ${j}u) * ${fours}u + four] = vec4f(${rows.map((row) => `v${row}.${lane}`).join(', ')});`,
        );
      break;
    default:
      packing satisfies never;
  }
  emit('    }');
}
