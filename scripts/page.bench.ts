/**
 * The built page in a real Chromium (headless, 1440 x 900, served locally), each run in a browser of its own.
 *
 * The drag: after one drag to warm up, the first rank slider is dragged by mouse over 60 positions, 20 ms apart, by
 * Chromium's own protocol (Playwright's mouse runs two scripts of its own in the page at each move of a drag: 1.4 to
 * 2.3 ms of work that is not the page's).
 * - Input to paint: from the `pointermove` that reaches the page until the last frame that it changes in the plot or
 *   the rank panel, be it elements or what is drawn on a canvas, has been handed over (the task after that frame's animation callbacks, style, layout and paint).
 *   Browsers deliver moves at the start of a frame; their wait for it, up to one frame and not ours, is left out.
 * - Main-thread work: CPU time of all tasks of the page's main thread from one move to the next, by a trace of
 *   Chromium's own. It includes style, layout, paint and what follows a move later, so other load hardly counts.
 *
 * Both are 95th percentiles of one drag. Time to live: from the start of navigation to the end of the frame that shows
 * the first rank slider. Size: every script fetched within 2.5 s, workers too, as gzip would send them.
 */
import { gzipSync } from 'node:zlib';
import { chromium, type Browser, type Page } from '@playwright/test';
import { preview } from 'vite';
import type { Bench } from '../src/core/base/bench.ts';
import { launchOptions } from './browser.mjs';

const moves = 60;
const pauseMs = 20;
const sizeAfterMs = 2500;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const percentile95 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(0.95 * (values.length - 1))] ?? Number.NaN;

/** Runs `use` on a fresh page that has not been opened yet. */
async function withPage<T>(use: (page: Page, address: string, browser: Browser) => Promise<T>): Promise<T> {
  const server = await preview({ logLevel: 'error', preview: { port: 0, host: 'localhost' } });
  const browser = await chromium.launch(launchOptions());
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    return await use(page, server.resolvedUrls?.local[0] ?? '', browser);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function drag(page: Page): Promise<void> {
  const box = await page
    .getByRole('slider', { name: /^Rank r/ })
    .first()
    .boundingBox();
  if (box === null) throw new Error('internal: no rank slider on the page');
  const session = await page.context().newCDPSession(page);
  const send = async (type: 'mouseMoved' | 'mousePressed' | 'mouseReleased', i: number): Promise<void> => {
    const [x, y] = [box.x + box.width * (0.8 - (0.6 * i) / moves), box.y + 12];
    const held = type === 'mousePressed' || (type === 'mouseMoved' && i > 0);
    const button = held || type === 'mouseReleased' ? 'left' : 'none';
    const clickCount = type === 'mouseMoved' ? 0 : 1;
    await session.send('Input.dispatchMouseEvent', { type, x, y, button, buttons: held ? 1 : 0, clickCount });
  };
  await send('mouseMoved', 0);
  await send('mousePressed', 0);
  for (let i = 1; i <= moves; i++) {
    await send('mouseMoved', i);
    await pause(pauseMs);
  }
  await send('mouseReleased', moves);
  await session.detach();
}

/** Opens the page, lets it come to rest, drags once to warm up, and gives back the first state. */
async function openWarm(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName('rankscape: complete').length > 0);
  await drag(page);
  await page.keyboard.press('Control+z');
  await pause(1000);
}

/** Milliseconds of each move that changed something. */
function inputToPaint(): Promise<number> {
  return withPage(async (page, address) => {
    await openWarm(page, address);
    const samples = await page.evaluateHandle(() => {
      const all: { from: number; to: number }[] = [];
      let current: { from: number; to: number } | null = null;
      const frames = new MessageChannel();
      let asked: (typeof all)[number][] = [];
      frames.port1.addEventListener('message', () => {
        const now = performance.now();
        for (const sample of asked) sample.to = now;
        asked = [];
      });
      frames.port1.start();
      addEventListener(
        'pointermove',
        () => {
          current = { from: performance.now(), to: Number.NaN };
          all.push(current);
        },
        { capture: true },
      );
      const handedOver = (sample: (typeof all)[number]): void => {
        asked.push(sample);
        frames.port2.postMessage(null);
      };
      const observer = new MutationObserver(() => {
        const sample = current;
        if (sample !== null) requestAnimationFrame(() => handedOver(sample));
      });
      for (const place of document.querySelectorAll('#pareto, .ranks'))
        observer.observe(place, { subtree: true, childList: true, attributes: true, characterData: true });
      // The page draws in animation callbacks: in the frame that is under way.
      const { clearRect } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.clearRect = function clear(...box) {
        if (current !== null && this.canvas.closest('#pareto, .ranks') !== null) handedOver(current);
        clearRect.apply(this, box);
      };
      return all;
    });
    await drag(page);
    await pause(200);
    const times = await samples.evaluate((all) =>
      all.map(({ from, to }) => to - from).filter(Number.isFinite),
    );
    if (times.length < moves / 2) throw new Error(`internal: only ${times.length} moves changed the page`);
    return percentile95(times);
  });
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** CPU time of the thread, microseconds. */
  readonly tdur?: number;
  readonly dur?: number;
  readonly args?: { readonly data?: { readonly type?: string } };
}

function mainThreadWork(): Promise<number> {
  return withPage(async (page, address, browser) => {
    await openWarm(page, address);
    await browser.startTracing(page, {
      categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'],
    });
    await drag(page);
    await pause(200);
    const trace = JSON.parse((await browser.stopTracing()).toString()) as {
      readonly traceEvents: readonly TraceEvent[];
    };
    return percentile95(workPerMove(trace.traceEvents));
  });
}

/** Milliseconds of CPU from each move to the next, on the thread that the moves reach. */
function workPerMove(events: readonly TraceEvent[]): readonly number[] {
  const inputs = events
    .filter(({ name, args }) => name === 'EventDispatch' && args?.data?.type === 'pointermove')
    .toSorted((a, b) => a.ts - b.ts);
  const [first] = inputs;
  const tasks = events.filter(
    ({ name, pid, tid }) => name === 'RunTask' && pid === first?.pid && tid === first.tid,
  );
  const work = new Array<number>(inputs.length).fill(0);
  for (const { ts, dur = 0, tdur = dur } of tasks) {
    // The move that the task delivers, or the one before it.
    const next = inputs.findIndex((input) => input.ts > ts + dur);
    const move = (next < 0 ? inputs.length : next) - 1;
    if (move >= 0) work[move] = (work[move] ?? 0) + tdur / 1000;
  }
  if (work.length < moves / 2) throw new Error(`internal: only ${work.length} moves in the trace`);
  return work;
}

function timeToLive(): Promise<number> {
  return withPage(async (page, address) => {
    await page.addInitScript(() => {
      const look = (): void => {
        if (document.querySelector('input[type=range][aria-label^="Rank"]') === null)
          requestAnimationFrame(look);
        else requestAnimationFrame(() => performance.mark('live'));
      };
      requestAnimationFrame(look);
    });
    await page.goto(address);
    const live = await page.waitForFunction(() => performance.getEntriesByName('live')[0]?.startTime);
    return (await live.jsonValue()) ?? Number.NaN;
  });
}

function scriptSize(): Promise<number> {
  return withPage(async (page, address) => {
    const bodies: Promise<Buffer>[] = [];
    page.context().on('response', (response) => {
      if (new URL(response.url()).pathname.endsWith('.js')) bodies.push(response.body());
    });
    await page.goto(address);
    await pause(sizeAfterMs);
    const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
    return sizes.reduce((sum, size) => sum + size, 0) / 1000;
  });
}

export const benches: readonly Bench[] = [
  { name: 'page: drag a rank, input to paint, p95', unit: 'ms', budget: 16, run: inputToPaint },
  { name: 'page: drag a rank, main-thread work per input, p95', unit: 'ms', budget: 5, run: mainThreadWork },
  { name: 'page: scripts fetched in the first 2.5 s, gzip, kB', unit: 'count', budget: 300, run: scriptSize },
  { name: 'page: time to live', unit: 'ms', budget: 2000, run: timeToLive },
];
