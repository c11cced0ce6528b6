/** Puts the page together: config from the address, store, derived values, workers, screen. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createAccuracyRunner } from './state/accuracy-run.ts';
import { followAddress, tellProblems } from './state/address.ts';
import { followCalibration } from './state/calibration-source.ts';
import { createDerive, type Spectra } from './state/derive.ts';
import type { ExamplesSource } from './state/examples-source.ts';
import { createExporter } from './state/export-run.ts';
import { createFileSource } from './state/file-source.ts';
import { followGains } from './state/gain-source.ts';
import { createStopwatch } from './state/latency-run.ts';
import { followDerived, followResting, followSettled, restMs } from './state/live.ts';
import { followScents } from './state/scent-source.ts';
import { createSearchRunner, isOfSetting } from './state/search-run.ts';
import type { CalibrationTable } from './core/accuracy/sensitivity.ts';
import { unquantized } from './core/factor/quantization.ts';
import { taskScores } from './core/tasks/task.ts';
import type { FirstFrontier } from './core/search/first-frontier.ts';
import { createAppStore } from './state/store.ts';
import { decodeLink } from './state/url.ts';
import { openWorker } from './state/worker-client.ts';
import type {
  AccuracyReply,
  AccuracyRequest,
  ExportReply,
  ExportRequest,
  FileReply,
  FileRequest,
  LatencyReply,
  LatencyRequest,
  ScentWorkerReply,
  ScentWorkerRequest,
  SearchReply,
  SearchRequest,
} from '../workers/protocol.ts';
import { AppContext, type App } from './ui/app.ts';
import { markBehind } from './ui/ink/behind.ts';
import { createMotion } from './ui/ink/motion.ts';
import { Shell } from './ui/Shell.tsx';
import './ui/theme.css';

const later = (run: () => void, milliseconds: number): unknown => setTimeout(run, milliseconds);

/** Runtimes of what is done on a click are loaded when the first measurement is under way, so that it is not slowed. */
const warmMs = 5000;

const openedWithLink = location.hash.length > 1;
const { config, problems } = decodeLink(location.hash);
const store = createAppStore(config);
tellProblems(store, problems);

const filePort = openWorker<FileRequest, FileReply>(
  () => new Worker(new URL('../workers/file.worker.ts', import.meta.url), { type: 'module' }),
);
const file = createFileSource({ store, port: filePort, setTimeout: later });

const calibration = followCalibration({
  store,
  load: async (model) => {
    const response = await fetch(new URL(`models/${model}.json`, document.baseURI));
    return response.ok ? ((await response.json()) as CalibrationTable) : null;
  },
});
/** Opened when a file of somebody's own is on screen, or examples for it come. */
let examplesSource: ExamplesSource | null = null;
let openingExamples: Promise<ExamplesSource> | null = null;
const spectra = (): Spectra => {
  const weighted = examplesSource?.spectra();
  return weighted === undefined || weighted.size === 0 ? file.spectra() : weighted;
};
const derive = createDerive(spectra, calibration.tableOf, (model) => examplesSource?.axisOf(model) ?? null);
const derived = followDerived(store, (state) => state.config, derive);
let handMoved = Number.NEGATIVE_INFINITY;
addEventListener('pointermove', ({ buttons, timeStamp }) => {
  if (buttons !== 0) handMoved = timeStamp;
});
const isHandBusy = (): boolean => performance.now() - handMoved < restMs;
const settled = followSettled(store, derived, later, isHandBusy);
const resting = followResting(store, settled);
const committed = followDerived(store, (state) => state.committed, derive);
const motion = createMotion(store, derived, committed, (draw) => requestAnimationFrame(draw), later);
markBehind(document.documentElement, motion, settled);
const metric = () => committed.get().evaluation.accuracy.metric;

const scentPort = openWorker<ScentWorkerRequest, ScentWorkerReply>(
  () => new Worker(new URL('../workers/scent.worker.ts', import.meta.url), { type: 'module' }),
);
const scents = followScents(settled, scentPort);
const gains = followGains(committed, scentPort);
const searchPort = openWorker<SearchRequest, SearchReply>(
  () => new Worker(new URL('../workers/search.worker.ts', import.meta.url), { type: 'module' }),
);
const { run: search, runner } = createSearchRunner({
  port: searchPort,
  derived: committed.get,
  spectra,
  now: () => performance.now(),
  setTimeout: later,
});

const accuracyPort = openWorker<AccuracyRequest, AccuracyReply>(
  () => new Worker(new URL('../workers/accuracy.worker.ts', import.meta.url), { type: 'module' }),
);
const modelUrl = (id: string): string => new URL(`models/${id}.onnx`, document.baseURI).href;
const { run: accuracy, runner: measurer } = createAccuracyRunner({
  tableOf: calibration.tableOf,
  ownOf: (model) => examplesSource?.subjectOf(model) ?? null,
  port: accuracyPort,
  committed,
  modelUrl,
  setTimeout: later,
});
const examples: App['examples'] = () =>
  (openingExamples ??= import('./ui/examples/lazy.ts').then(
    ({ createExamplesSource }) =>
      (examplesSource = createExamplesSource({ store, port: accuracyPort, modelFiles: file.files })),
  ));

// The newest frontier is measured in the background, whoever found it.
search.subscribe(({ frontier, status }, before) => {
  if (
    frontier.length > 0 &&
    status !== 'running' &&
    (frontier !== before.frontier || status !== before.status)
  )
    measurer.promote(frontier);
});

const exportPort = openWorker<ExportRequest, ExportReply>(
  () => new Worker(new URL('../workers/export.worker.ts', import.meta.url), { type: 'module' }),
);
const { run: exportRun, exporter } = createExporter(exportPort);
const latencyPort = openWorker<LatencyRequest, LatencyReply>(
  () => new Worker(new URL('../workers/latency.worker.ts', import.meta.url), { type: 'module' }),
);
const { run: latency, stopwatch } = createStopwatch(latencyPort);

let deviceSource: ReturnType<App['device']> | null = null;
const device: App['device'] = () =>
  (deviceSource ??= import('./state/device-source.ts').then(({ openDevice }) => {
    const source = openDevice();
    source.run.subscribe(({ running }) => {
      timing = running !== null;
      holdMeasurer();
    });
    return source;
  }));

/** Accuracy is not measured while a hand drags or this device is being timed: it would take the processor from both. */
let timing = false;
const holdMeasurer = (): void => {
  const { config: shown, committed: last } = store.getState();
  measurer.hold(timing || shown !== last);
};
store.subscribe(holdMeasurer);

const address = followAddress(store, window, String(performance.timeOrigin));
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') address.flush();
});

const app: App = {
  store,
  derived,
  settled,
  resting,
  motion,
  committed,
  scents,
  gains,
  search,
  runner,
  accuracy,
  measurer,
  file,
  examples,
  modelUrl,
  exportRun,
  exporter,
  latency,
  stopwatch,
  device,
};

function render(): void {
  const root = document.getElementById('root');
  if (root === null) throw new Error('internal: index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <AppContext value={app}>
        <Shell />
      </AppContext>
    </StrictMode>,
  );
}

/** The frontier that ships with the page, when the page opens on what it is of: on screen before any search. */
async function showFirstFrontier(): Promise<void> {
  const response = await fetch(new URL('first-frontier.json', document.baseURI));
  if (!response.ok) return;
  const { firstMeasurements, savedFirstFrontier } = await import('./state/first-run.ts');
  const shipped = (await response.json()) as FirstFrontier;
  const saved = savedFirstFrontier(shipped);
  measurer.remember(shipped.search.model, unquantized, firstMeasurements(shipped));
  if (search.getState().status === 'idle' && isOfSetting(saved.setting, store.getState().committed, metric()))
    runner.show(saved);
}

/** What is made ready in the background takes nothing from a drag. */
async function handAtRest(): Promise<void> {
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, restMs));
  do await wait();
  while (motion.isMoving() || isHandBusy());
}

const quietMs = 2000;
const runtimeAfterMs = 5000;

/** What is not needed for the first picture. */
async function afterFirstPaint(): Promise<void> {
  const { openArchive, persist } = await import('./state/persist.ts');
  const archive = await openArchive();
  if (archive !== null)
    await persist({ store, run: search, runner, archive, metric, openedWithLink, setTimeout: later });
  // The first seconds belong to the hand; from here on the page needs no network.
  await new Promise<void>((resolve) => setTimeout(resolve, quietMs));
  await handAtRest();
  searchPort.warm();
  filePort.warm();
  await Promise.all([
    import('./ui/dialogs/Dialogs.tsx'),
    import('./ui/export/ExportDialog.tsx'),
    import('./ui/compare/save.ts'),
    import('./ui/accuracy/PredictionsDialog.tsx'),
    import('./state/project.ts'),
  ]);
  // What ships with the page is measured already: 14 MB of runtime do not compete with the first drags.
  later(() => void handAtRest().then(measurer.start), runtimeAfterMs);
  performance.mark('rankscape: complete');
  later(() => void warmRuntimes(), warmMs);
}

async function warmRuntimes(): Promise<void> {
  const urls = Object.keys(taskScores).map(modelUrl);
  const tasks: readonly (() => unknown)[] = [
    () => exporter.warm(urls),
    () => stopwatch.warm(urls),
    () => import('./ui/latency/LatencyPanel.tsx'),
    () => import('./ui/device/DevicePanel.tsx'),
    () => import('./ui/device/DelayAxis.tsx'),
    async () => (await device()).warm(),
  ];
  for (const task of tasks) {
    await handAtRest();
    await task();
  }
}

/** The axis must not change under the reader's eyes: its table comes first, unless it keeps the page waiting. */
const longestWaitMs = 1500;
await Promise.race([calibration.opened, new Promise<void>((resolve) => setTimeout(resolve, longestWaitMs))]);
render();
void showFirstFrontier();
requestIdleCallback(() => void afterFirstPaint());
