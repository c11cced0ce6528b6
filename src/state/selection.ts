/**
 * The matrix grid (roles across, blocks down) and what is selected in it. Selecting layers links them: the next edit
 * changes them together. All functions return a sound view: sorted, never empty, the focus among the selected.
 */
import type { TransformerModel } from '../core/workload/model.ts';
import type { View } from './config.ts';

export interface Grid {
  /** Blocks in order; null is the row of layers outside the blocks. */
  readonly rows: readonly (number | null)[];
  /** Roles in order of appearance. */
  readonly columns: readonly string[];
  /** Layers by row, then column; most cells hold one, some none or several. */
  readonly cells: readonly (readonly (readonly number[])[])[];
}

const grids = new WeakMap<TransformerModel, Grid>();

export function gridOf(model: TransformerModel): Grid {
  const known = grids.get(model);
  if (known !== undefined) return known;
  const columns = [...new Set(model.linears.map((layer) => layer.role))];
  const blocks = new Set(model.linears.map((layer) => layer.block));
  const rows = [...blocks].toSorted((a, b) => (a ?? Infinity) - (b ?? Infinity) || 0);
  const cells = rows.map(() => columns.map((): number[] => []));
  const rowOf = new Map(rows.map((block, row) => [block, row]));
  const columnOf = new Map(columns.map((role, column) => [role, column]));
  for (const [index, layer] of model.linears.entries())
    cells[rowOf.get(layer.block) ?? 0]?.[columnOf.get(layer.role) ?? 0]?.push(index);
  const grid = { rows, columns, cells };
  grids.set(model, grid);
  return grid;
}

/** replace: only these; add: these too; toggle: those not yet selected in, the others out. */
export type SelectMode = 'replace' | 'add' | 'toggle';

export function select(view: View, layers: readonly number[], mode: SelectMode = 'replace'): View {
  const before = new Set(mode === 'replace' ? [] : view.selection);
  const all = mode === 'toggle' && layers.every((layer) => before.has(layer));
  for (const layer of layers) {
    if (all) before.delete(layer);
    else before.add(layer);
  }
  const selection = [...before].toSorted((a, b) => a - b);
  const [first] = selection;
  if (first === undefined) return view;
  const wanted = mode === 'add' || mode === 'replace' ? (layers[0] ?? view.focus) : view.focus;
  const focus = [view.focus, wanted, first].find((layer) => before.has(layer)) ?? first;
  return { ...view, selection, focus };
}

/** All layers of a role: a column of the grid. */
export function selectRole(view: View, model: TransformerModel, role: string, mode?: SelectMode): View {
  const layers = model.linears.flatMap((layer, index) => (layer.role === role ? [index] : []));
  return select(view, layers, mode);
}

/** All layers of a block (null: those outside the blocks): a row of the grid. */
export function selectBlock(
  view: View,
  model: TransformerModel,
  block: number | null,
  mode?: SelectMode,
): View {
  const layers = model.linears.flatMap((layer, index) => (layer.block === block ? [index] : []));
  return select(view, layers, mode);
}

export interface CellPlace {
  readonly row: number;
  readonly column: number;
}

/** All layers between two cells, both included. */
export function selectRectangle(
  view: View,
  model: TransformerModel,
  from: CellPlace,
  to: CellPlace,
  mode?: SelectMode,
): View {
  const { cells } = gridOf(model);
  const [top, bottom] = [Math.min(from.row, to.row), Math.max(from.row, to.row)];
  const [left, right] = [Math.min(from.column, to.column), Math.max(from.column, to.column)];
  const layers = cells.slice(top, bottom + 1).flatMap((row) => row.slice(left, right + 1).flat());
  return select(view, layers, mode);
}

/** Shows a layer inside; selects it alone when it is not selected. */
export function focusOn(view: View, layer: number): View {
  return view.selection.includes(layer) ? { ...view, focus: layer } : select(view, [layer]);
}
