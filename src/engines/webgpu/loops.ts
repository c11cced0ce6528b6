/**
 * The loops of a kernel over k, as WGSL: one per axis, the innermost in passes of several positions, written out whole
 * where it is short; one of them may be cut into parts.
 */
import type { GemmAxis, GemmForm } from '../../core/einsum/gemm-form.ts';
import { innerAxis } from './packing.ts';

/** Writes the body of one pass of `depth` positions; `offset` are the words from where the pass begins. */
export type Pass = (
  depth: number,
  offset: { readonly a: string; readonly b: string },
  indent: string,
) => void;

export interface LoopOptions {
  readonly depth: number;
  readonly splits: number;
  /** Threads that share out the innermost loop, `id.x` the number of each; 1: every thread for itself. */
  readonly team: number;
  /** Words of one element of the arrays' types: 1 or 4. */
  readonly units: { readonly a: number; readonly b: number };
}

/** Axes no longer than this are written out whole. */
const mostUnrolled = 8;

/** The axis that is cut into parts. */
export function cutAxis(k: readonly GemmAxis[]): GemmAxis | undefined {
  return k.toSorted((x, y) => y.extent - x.extent)[0];
}

export function emitLoops(
  { k }: Pick<GemmForm, 'k'>,
  { depth, splits, team, units }: LoopOptions,
  emit: (line: string) => void,
  pass: Pass,
): void {
  const inner = innerAxis(k);
  if (inner === undefined) {
    pass(1, { a: '0u', b: '0u' }, '  ');
    return;
  }
  const outer = k.filter((axis) => axis !== inner);
  const cut = splits > 1 ? cutAxis(k) : undefined;
  let indent = '  ';
  let known: readonly string[] = [];
  outer.forEach((axis, level) => {
    const name = `k${level}`;
    const [from, to] =
      axis === cut
        ? [
            `part * ${Math.ceil(axis.extent / splits)}u`,
            `min((part + 1u) * ${Math.ceil(axis.extent / splits)}u, ${axis.extent}u)`,
          ]
        : ['0u', `${axis.extent}u`];
    emit(`${indent}for (var ${name} = ${from}; ${name} < ${to}; ${name}++) {`);
    indent += '  ';
    known = [...known, name];
  });
  const offset = (array: 'a' | 'b', at: string): string => {
    const terms = outer.flatMap((axis, level) => term(known[level] ?? '', axis[array], units[array]));
    return [...terms, ...term(at, inner[array], units[array])].join(' + ') || '0u';
  };
  const emitPass = (positions: number, at: string): void => {
    emit(`${indent}let ka_${at} = ${offset('a', at === 'end' ? `${inner.extent - positions}u` : at)};`);
    emit(`${indent}let kb_${at} = ${offset('b', at === 'end' ? `${inner.extent - positions}u` : at)};`);
    pass(positions, { a: `ka_${at}`, b: `kb_${at}` }, indent);
  };
  const whole = inner.extent <= Math.max(depth, mostUnrolled) && inner !== cut && team === 1;
  const passes = whole ? 0 : Math.floor(inner.extent / depth);
  const rest = inner.extent - passes * depth;
  if (passes > 0) {
    const share = inner === cut ? Math.ceil(passes / splits) : passes;
    const from = inner === cut ? `part * ${share * depth}u` : '0u';
    const to =
      inner === cut ? `min((part + 1u) * ${share * depth}u, ${passes * depth}u)` : `${passes * depth}u`;
    const own = team === 1 ? '' : ` + id.x * ${depth}u`;
    emit(`${indent}for (var k = ${from}${own}; k < ${to}; k += ${depth * team}u) {`);
    indent += '  ';
    emitPass(depth, 'k');
    indent = indent.slice(2);
    emit(`${indent}}`);
  }
  if (rest > 0) {
    const alone = [
      ...(inner === cut ? [`part == ${splits - 1}u`] : []),
      ...(team > 1 ? ['id.x == 0u'] : []),
    ].join(' && ');
    if (alone !== '') {
      emit(`${indent}if (${alone}) {`);
      indent += '  ';
    }
    emitPass(rest, 'end');
    if (alone !== '') {
      indent = indent.slice(2);
      emit(`${indent}}`);
    }
  }
  for (const _ of outer) {
    indent = indent.slice(2);
    emit(`${indent}}`);
  }
}

/** Words moved along an axis, counted in vectors of `unit`; strides are multiples of it, but for the packed axis. */
function term(at: string, stride: number, unit: number): readonly string[] {
  if (stride === 0) return [];
  if (stride % unit !== 0) return [`${at} / ${unit}u`];
  return [stride === unit ? at : `${at} * ${stride / unit}u`];
}
