/**
 * Every matrix of the model: a row per role, a column per layer. Click, drag a rectangle, Shift extends, Ctrl toggles;
 * a name selects its whole row or column. One focus stop: arrows move, Space toggles, Enter takes only this.
 */
import {
  memo,
  useId,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
} from 'react';
import type { TransformerModel } from '../../core/workload/model.ts';
import type { View } from '../../state/config.ts';
import {
  gridOf,
  select,
  selectBlock,
  selectRectangle,
  selectRole,
  type CellPlace,
  type SelectMode,
} from '../../state/selection.ts';
import { outlinePath } from './outline.ts';

export interface MatrixGridProps {
  readonly model: TransformerModel;
  readonly selection: readonly number[];
  readonly focus: number;
  /** What each layer is shaded by, 0 to 1 of the largest, and how it reads. */
  readonly shades: readonly { readonly share: number; readonly text: string }[];
  /** Right margin, one per role. */
  readonly totals: readonly string[];
  readonly locked: ReadonlySet<number>;
  readonly look: (change: (view: View) => View) => void;
}

/** -1 stands for the names: row -1 holds the layer numbers, column -1 the roles. */
interface Spot {
  readonly role: number;
  readonly block: number;
}

const modeOf = (event: {
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}): SelectMode => (event.ctrlKey || event.metaKey ? 'toggle' : event.shiftKey ? 'add' : 'replace');

export const MatrixGrid = memo(function MatrixGrid(props: MatrixGridProps) {
  const { model, selection, focus, shades, totals, locked, look } = props;
  const id = useId();
  const { rows: blocks, columns: roles, cells } = useMemo(() => gridOf(model), [model]);
  const [active, setActive] = useState<Spot | null>(null);
  const drag = useRef<{
    readonly from: CellPlace;
    readonly mode: SelectMode;
    readonly view: View | null;
  } | null>(null);
  const anchor = useRef<CellPlace | null>(null);
  const chosen = useMemo(() => new Set(selection), [selection]);
  const isChosen = (role: number, block: number): boolean =>
    (cells[block]?.[role] ?? []).some((layer) => chosen.has(layer));
  const outline = useMemo(
    () =>
      outlinePath(roles.length, blocks.length, (role, block) =>
        (cells[block]?.[role] ?? []).some((l) => chosen.has(l)),
      ),
    [roles, blocks, cells, chosen],
  );
  const focusSpot = useMemo((): Spot => {
    const block = blocks.findIndex((_, b) => cells[b]?.some((layers) => layers.includes(focus)));
    const role = cells[block]?.findIndex((layers) => layers.includes(focus)) ?? 0;
    return { role, block };
  }, [blocks, cells, focus]);
  const spot = active ?? focusSpot;

  /** Selects what stands at a spot: a cell, or with a name its whole row or column. */
  const take = ({ role, block }: Spot, mode: SelectMode): void => {
    const name = roles[role];
    if (role < 0 && block < 0)
      look((view) =>
        select(
          view,
          model.linears.map((_, index) => index),
          'replace',
        ),
      );
    else if (role < 0) look((view) => selectBlock(view, model, blocks[block] ?? null, mode));
    else if (block < 0) {
      if (name !== undefined) look((view) => selectRole(view, model, name, mode));
    } else look((view) => select(view, cells[block]?.[role] ?? [], mode));
  };
  const takeTo = (from: CellPlace, to: CellPlace, base: View | null, mode: SelectMode): void =>
    look((view) =>
      selectRectangle(
        base === null ? view : { ...view, selection: base.selection, focus: base.focus },
        model,
        from,
        to,
        mode,
      ),
    );

  const spotUnder = (event: PointerEvent): Spot | null => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-role]');
    if (cell === null || cell === undefined) return null;
    return { role: Number(cell.dataset['role']), block: Number(cell.dataset['block']) };
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0) return;
    const at = spotUnder(event);
    if (at === null) return;
    setActive(at);
    const mode = modeOf(event);
    if (at.role < 0 || at.block < 0) return take(at, mode);
    const place = { row: at.block, column: at.role };
    if (mode === 'add' && anchor.current !== null) return takeTo(anchor.current, place, null, 'add');
    anchor.current = place;
    let base: View | null = null;
    look((view) => {
      base = view;
      return view;
    });
    drag.current = { from: place, mode, view: base };
    event.currentTarget.setPointerCapture(event.pointerId);
    take(at, mode);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (drag.current === null) return;
    const at = spotUnder(event);
    if (at === null || at.role < 0 || at.block < 0) return;
    const { from, mode, view } = drag.current;
    takeTo(from, { row: at.block, column: at.role }, view, mode);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const moves: Readonly<Record<string, Spot>> = {
      ArrowLeft: { role: 0, block: -1 },
      ArrowRight: { role: 0, block: 1 },
      ArrowUp: { role: -1, block: 0 },
      ArrowDown: { role: 1, block: 0 },
    };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      const next = {
        role: Math.min(roles.length - 1, Math.max(-1, spot.role + move.role)),
        block: Math.min(blocks.length - 1, Math.max(-1, spot.block + move.block)),
      };
      setActive(next);
      if (event.shiftKey && next.role >= 0 && next.block >= 0) {
        anchor.current ??= { row: Math.max(0, spot.block), column: Math.max(0, spot.role) };
        takeTo(anchor.current, { row: next.block, column: next.role }, null, 'replace');
      } else anchor.current = null;
    } else if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      take(spot, event.key === ' ' ? 'toggle' : 'replace');
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      take({ role: -1, block: -1 }, 'replace');
    }
  };

  const cellId = ({ role, block }: Spot): string => `${id}${role}.${block}`;
  const isActive = (role: number, block: number): boolean =>
    active !== null && active.role === role && active.block === block;
  const layerCount = blocks.filter((block) => block !== null).length;
  const everyLabel = layerCount <= 12 ? 1 : layerCount <= 24 ? 2 : 4;
  return (
    <div
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label="Matrices: roles by layers"
      aria-multiselectable="true"
      aria-activedescendant={cellId(spot)}
      style={{ '--columns': blocks.length } as CSSProperties}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => (drag.current = null)}
      onPointerCancel={() => (drag.current = null)}
      onKeyDown={onKeyDown}
      onFocus={() => setActive((now) => now ?? focusSpot)}
      onBlur={() => setActive(null)}
    >
      <div className="line" role="row">
        <span
          role="columnheader"
          id={cellId({ role: -1, block: -1 })}
          data-role={-1}
          data-block={-1}
          data-active={isActive(-1, -1) || undefined}
          className="corner"
        >
          <span className="hidden">All matrices</span>
        </span>
        {blocks.map((block, b) => (
          <span
            key={b}
            role="columnheader"
            id={cellId({ role: -1, block: b })}
            data-role={-1}
            data-block={b}
            data-active={isActive(-1, b) || undefined}
            aria-label={block === null ? 'Outside the layers' : `Layer ${block + 1}`}
            title={block === null ? 'Outside the layers' : undefined}
          >
            {block === null ? '·' : (block + 1) % everyLabel === 0 || block === 0 ? block + 1 : ''}
          </span>
        ))}
        <span role="columnheader" className="total">
          <span className="hidden">Total</span>
        </span>
      </div>
      {roles.map((role, r) => (
        <div className="line" role="row" key={role} data-chosen={r === focusSpot.role || undefined}>
          <span
            role="rowheader"
            id={cellId({ role: r, block: -1 })}
            data-role={r}
            data-block={-1}
            data-active={isActive(r, -1) || undefined}
            title={role}
          >
            {role}
          </span>
          {blocks.map((block, b) => {
            const layers = cells[b]?.[r] ?? [];
            const [first] = layers;
            const shade = first === undefined ? undefined : shades[first];
            return (
              <span
                key={b}
                role="gridcell"
                id={cellId({ role: r, block: b })}
                data-role={r}
                data-block={b}
                data-active={isActive(r, b) || undefined}
                data-empty={layers.length === 0 || undefined}
                aria-selected={isChosen(r, b)}
                aria-label={`${role}${block === null ? '' : ` of layer ${block + 1}`}${shade === undefined ? ', none' : `, ${shade.text}`}${first !== undefined && locked.has(first) ? ', locked' : ''}`}
                style={{ '--share': `${Math.round(100 * (shade?.share ?? 0))}%` } as CSSProperties}
              >
                {first !== undefined && locked.has(first) && <i className="held" />}
                {layers.includes(focus) && <i className="focus" />}
              </span>
            );
          })}
          <span role="gridcell" className="total">
            {totals[r]}
          </span>
        </div>
      ))}
      <svg
        className="outline"
        viewBox={`0 0 ${blocks.length} ${roles.length}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <path d={outline} className="halo" />
        <path d={outline} />
      </svg>
    </div>
  );
});
