/** On phones: the plot stays, these choose the panel below it. */
import type { KeyboardEvent } from 'react';
import { panels, type Panel } from '../state/config.ts';
import { useActions, useApp } from './app.ts';
import { nextChoice } from './Choice.tsx';

const titles: Readonly<Record<Panel, string>> = {
  ranks: 'Ranks',
  matrices: 'Matrices',
  compare: 'Compare',
  inside: 'Inside',
  search: 'Search',
};

/** Which region a tab shows. */
const regions: Readonly<Record<Panel, string>> = {
  ranks: 'design',
  matrices: 'design',
  compare: 'compare',
  inside: 'inside',
  search: 'search',
};

export function PanelTabs() {
  const { look } = useActions();
  const panel = useApp((state) => state.config.view.panel);
  const go = (next: Panel): void => {
    look((view) => ({ ...view, panel: next }));
    // Two tabs share a region: the new one starts at its top.
    if (next !== panel) document.getElementById(regions[next])?.scrollTo(0, 0);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLButtonElement>): void => {
    const next = nextChoice(panels, panel, event.key);
    if (next === null) return;
    event.preventDefault();
    go(next);
    event.currentTarget.parentElement?.querySelector<HTMLElement>(`[data-panel-tab="${next}"]`)?.focus();
  };
  return (
    <nav className="tabbar" aria-label="Panels">
      <div className="tabs" role="tablist" aria-label="Panel below the plot">
        {panels.map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            data-panel-tab={each}
            aria-selected={each === panel}
            aria-controls={regions[each]}
            tabIndex={each === panel ? 0 : -1}
            onKeyDown={onKeyDown}
            onClick={() => go(each)}
          >
            {titles[each]}
          </button>
        ))}
      </div>
    </nav>
  );
}
