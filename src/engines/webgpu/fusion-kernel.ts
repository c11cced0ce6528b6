/**
 * Both products of a chain in one kernel. A tile of rows of the intermediate T stays where it was made:
 *
 * - 'thread': each thread has some rows to itself, T in its own memory; no barrier, which is what a program that poses
 *   as a GPU wants, and small ranks on any GPU;
 * - 'workgroup': 16 or 32 rows in workgroup memory; all threads share the blocks of the first product, wait once, and
 *   share the blocks of the second.
 */
import { extentOf, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { digit } from './block.ts';
import { emitBlockProduct, packingsOf, type Dtype, type Emit, type NamedArray } from './block-product.ts';
import { chainForms, chainMacs, innerExtent, type Chain, type ChainAxis } from './fusion-chain.ts';
import { plannedForm, planName, type Plan } from './plan.ts';
import type { Call } from './schedule.ts';
import { unitOf, type Packings } from './words.ts';

export interface FusedPlan {
  readonly memory: 'thread' | 'workgroup';
  /** Rows of a tile: neighbours along the longest axis of the rows. */
  readonly rows: number;
  /** Threads of a workgroup. */
  readonly threads: number;
  /** How a block of each product is done; their groups do not count. */
  readonly first: Plan;
  readonly second: Plan;
}

/** One short line for people. */
export function fusedName({ memory, rows, threads, first, second }: FusedPlan): string {
  const block = (plan: Plan): string => planName(plan).split(', ').slice(1).join(' ');
  return `fused, ${rows} rows in ${memory} memory, ${threads} threads, ${block(first)} then ${block(second)}`;
}

/** The axis that tiles of rows lie along; null where T has no rows. */
export const tileAxis = ({ rows }: Chain): ChainAxis | null =>
  rows.reduce<ChainAxis | null>(
    (longest, axis) => (longest === null || axis.extent > longest.extent ? axis : longest),
    null,
  );

type StoredName = 'a' | 'b' | 'c' | 'out';

const mostWorkgroups = 65_535;

/** Expressions are counted in words; a packed array counts vectors. */
const inUnits = (words: string, unit: number): string => (unit === 1 ? words : `(${words}) / ${unit}u`);

/** @param chain with something to multiply; the plans fit its forms for so many rows */
export function fusedCall(chain: Chain, plan: FusedPlan, dtype: Dtype): Call {
  const along = tileAxis(chain);
  const others = chain.rows.filter((axis) => axis !== along);
  const forms = chainForms(chain, along, plan.rows);
  const first = plannedForm(forms.first, plan.first);
  const second = plannedForm(forms.second, plan.second);
  const packed = packings(chain, along, plan, { first, second });
  const lines: string[] = [];
  const emit: Emit = (line) => void lines.push(line);

  const tilesAlong = along === null ? 1 : Math.ceil(along.extent / plan.rows);
  const otherRows = extentOf(others);
  const tiles = tilesAlong * otherRows;
  const workgroups = plan.memory === 'thread' ? Math.ceil(tiles / plan.threads) : tiles;
  const wide = Math.min(workgroups, mostWorkgroups);
  const group = workgroups === wide ? 'wg.x' : `(wg.x + wg.y * ${wide}u)`;
  emit(`  let w = ${plan.memory === 'thread' ? `${group} * ${plan.threads}u + lane` : group};`);
  emit(`  if (w >= ${tiles}u) { return; }`);
  const start = `${digit('w', tilesAlong, 1, tiles)} * ${plan.rows}u`;
  const whole = along === null || along.extent % plan.rows === 0;
  emit(`  let row = ${whole ? start : `min(${start}, ${along.extent - plan.rows}u)`};`);
  for (const array of ['a', 'b', 'c', 'out'] as const) {
    const terms = along === null || along[array] === 0 ? [] : [`row * ${along[array]}u`];
    let below = tiles;
    for (const axis of others) {
      below /= axis.extent;
      if (axis[array] !== 0) terms.push(`${digit('w', axis.extent, below, tiles)} * ${axis[array]}u`);
    }
    emit(`  let at_${array} = ${inUnits(terms.join(' + ') || '0u', packed.units[array])};`);
  }

  const tWords = Math.ceil((plan.rows * innerExtent(chain)) / packed.units.t);
  const tType = `array<${packed.units.t === 1 ? 'f32' : 'vec4f'}, ${tWords}>`;
  if (plan.memory === 'thread') emit(`  var t: ${tType};`);
  const named = (name: StoredName): NamedArray => ({ name, dtype, base: `at_${name}` });
  const swapped = (swap: boolean, a: NamedArray, b: NamedArray) => (swap ? { a: b, b: a } : { a, b });
  const t: NamedArray = { name: 't', dtype: 'f32' };
  emitBlocks(first, plan.first, plan, emit, (tilesOf) =>
    emitBlockProduct(
      {
        form: first,
        plan: plan.first,
        packings: packed.first,
        arrays: { ...swapped(plan.first.swap, named('a'), named('b')), out: t },
        tiles: tilesOf,
      },
      emit,
    ),
  );
  if (plan.memory === 'workgroup') emit('  workgroupBarrier();');
  emitBlocks(second, plan.second, plan, emit, (tilesOf) =>
    emitBlockProduct(
      {
        form: second,
        plan: plan.second,
        packings: packed.second,
        arrays: { ...swapped(plan.second.swap, t, named('c')), out: named('out') },
        tiles: tilesOf,
      },
      emit,
    ),
  );

  const { words } = chain;
  const code = [
    ...(dtype === 'f16' ? ['enable f16;'] : []),
    binding(0, 'a', words.a, packed.units.a, dtype),
    binding(1, 'b', words.b, packed.units.b, dtype),
    binding(2, 'c', words.c, packed.units.c, dtype),
    binding(3, 'out', words.out, packed.units.out, dtype),
    ...(plan.memory === 'workgroup' ? [`var<workgroup> t: ${tType};`] : []),
    `@compute @workgroup_size(${plan.threads})`,
    'fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {',
    ...lines,
    '}',
    '',
  ].join('\n');
  return {
    steps: chain.steps,
    name: fusedName(plan),
    code,
    workgroups: [wide, Math.ceil(workgroups / wide)],
    pieces: 1,
    reads: [chain.a, chain.b, chain.c],
    writes: chain.to,
    macs: chainMacs(chain),
  };
}

/** All blocks of one product: by one thread in a loop, or dealt out to the threads of the workgroup. */
function emitBlocks(
  { batch, m, n }: GemmForm,
  { batches, rows, columns }: Plan,
  { memory, threads }: FusedPlan,
  emit: Emit,
  body: (tiles: { readonly n: string; readonly m: string; readonly batch: string }) => void,
): void {
  const across = Math.ceil(extentOf(n) / columns);
  const down = Math.ceil(extentOf(m) / rows);
  const count = across * down * Math.ceil(extentOf(batch) / batches);
  if (count === 1 && memory === 'thread') {
    emit('  {');
    body({ n: '0u', m: '0u', batch: '0u' });
  } else {
    const [from, step] = memory === 'thread' ? ['0u', '1u'] : ['lane', `${threads}u`];
    emit(`  for (var block = ${from}; block < ${count}u; block += ${step}) {`);
    body({
      n: digit('block', across, 1, count),
      m: digit('block', down, across, count),
      batch: across * down === 1 ? 'block' : `(block / ${across * down}u)`,
    });
  }
  emit('  }');
}

interface Packed {
  readonly first: Packings;
  readonly second: Packings;
  readonly units: Readonly<Record<StoredName | 't', 1 | 4>>;
}

/** As each product would have it, but for what the place of the tile and the common type of T forbid. */
function packings(
  chain: Chain,
  along: ChainAxis | null,
  plan: FusedPlan,
  forms: { readonly first: GemmForm; readonly second: GemmForm },
): Packed {
  const fits = (array: StoredName): boolean =>
    chain.rows.every((axis) => {
      if (axis !== along) return axis[array] % 4 === 0;
      const aligned = axis.extent % 4 === 0 && plan.rows % 4 === 0;
      return axis[array] % 4 === 0 || (axis[array] === 1 && aligned);
    });
  const given = {
    first: packingsOf(forms.first, plan.first),
    second: packingsOf(forms.second, plan.second),
  };
  const operands = <T>(swap: boolean, { a, b }: Readonly<Record<'a' | 'b', T>>): readonly [T, T] =>
    swap ? [b, a] : [a, b];
  const [givenT] = operands(plan.second.swap, given.second);
  const tFits = given.first.out !== 'none' && givenT !== 'none';
  const swapped = (swap: boolean): Readonly<Record<'a' | 'b', 'a' | 'b'>> =>
    swap ? { a: 'b', b: 'a' } : { a: 'a', b: 'b' };
  const ofFirst = swapped(plan.first.swap);
  const secondFits = operands(plan.second.swap, { a: tFits, b: fits('c') });
  const first: Packings = {
    a: fits(ofFirst.a) ? given.first.a : 'none',
    b: fits(ofFirst.b) ? given.first.b : 'none',
    out: tFits ? given.first.out : 'none',
  };
  const second: Packings = {
    a: secondFits[0] ? given.second.a : 'none',
    b: secondFits[1] ? given.second.b : 'none',
    out: fits('out') ? given.second.out : 'none',
  };
  const ofSecond = swapped(plan.second.swap);
  return {
    first,
    second,
    units: {
      a: unitOf(first[ofFirst.a]),
      b: unitOf(first[ofFirst.b]),
      c: unitOf(second[ofSecond.b]),
      out: unitOf(second.out),
      t: tFits ? 4 : 1,
    },
  };
}

function binding(slot: number, name: StoredName, words: number, unit: 1 | 4, dtype: Dtype): string {
  const element = unit === 1 ? dtype : `vec4<${dtype}>`;
  const access = name === 'out' ? 'read_write' : 'read';
  return `@group(0) @binding(${slot}) var<storage, ${access}> ${name}: array<${element}, ${Math.ceil(words / unit)}>;`;
}
