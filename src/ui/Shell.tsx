/** The frame of the page: top bar, the four regions, tabs on phones, status, notices, dialogs. */
// First of all styles: it names the order of the layers.
import './theme.css';
import { lazy, memo, Suspense, useCallback, useState } from 'react';
import { Announcer } from './Announcer.tsx';
import { useApp } from './app.ts';
import { ComparePanel } from './compare/ComparePanel.tsx';
import { DesignPanel } from './design/DesignPanel.tsx';
import { DialogContext, type DialogName } from './dialogs/dialog-context.ts';
import { InsidePanel } from './inside/InsidePanel.tsx';
import { PanelTabs } from './PanelTabs.tsx';
import { ParetoPanel } from './plots/ParetoPanel.tsx';
import { SearchBar } from './search/SearchBar.tsx';
import { StatusBar } from './StatusBar.tsx';
import { Toasts } from './Toasts.tsx';
import { TopBar } from './TopBar.tsx';
import { usePageDrop } from './use-page-drop.ts';
import { useShortcuts } from './use-shortcuts.ts';
import './shell.css';

// Dialogs are not needed for the first picture.
const Dialogs = lazy(() => import('./dialogs/Dialogs.tsx').then(({ Dialogs: all }) => ({ default: all })));

export function Shell() {
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const panel = useApp((state) => state.config.view.panel);
  const close = useCallback(() => setDialog(null), []);
  const help = useCallback(() => setDialog('help'), []);
  useShortcuts(help);
  const dropping = usePageDrop();
  return (
    <DialogContext value={setDialog}>
      <div className="shell" data-panel={panel}>
        <a className="skip" href="#pareto">
          Skip to the plot
        </a>
        <TopBar />
        <Regions />
        <PanelTabs />
        <StatusBar />
      </div>
      <Toasts />
      {dropping && (
        <p className="dropping">Drop an .onnx or .safetensors model, examples for it, or a project</p>
      )}
      <Announcer />
      {dialog !== null && (
        <Suspense>
          <Dialogs name={dialog} onClose={close} />
        </Suspense>
      )}
    </DialogContext>
  );
}

/** Never re-rendered by the frame: each panel listens for itself. */
const Regions = memo(function Regions() {
  return (
    <main>
      <section className="design" id="design" aria-label="Design">
        <DesignPanel />
      </section>
      <section className="search" id="search" aria-label="Search">
        <SearchBar />
      </section>
      <section className="pareto" id="pareto" aria-label="Energy-delay against what is kept" tabIndex={-1}>
        <ParetoPanel />
      </section>
      <section className="compare" id="compare" aria-label="Compare">
        <ComparePanel />
      </section>
      <section className="inside" id="inside" aria-label="Inside one matrix">
        <InsidePanel />
      </section>
    </main>
  );
});
