/**
 * Question -> engine -> roof -> programs -> rounds -> replies, whichever engine it is. An engine is opened once and kept;
 * one that is lost is dropped and the work done again: a graphics card is asked once more, then WebAssembly, then
 * JavaScript.
 */
import { leastMs, type DeviceRoof } from '../src/core/cost/device-roof.ts';
import { EngineLost, type Backend, type Engine, type TunedShape } from '../src/core/einsum/engine.ts';
import { followPath } from '../src/core/einsum/path.ts';
import { programOf, type Program } from '../src/core/einsum/program.ts';
import { InputError } from '../src/core/base/checks.ts';
import { forwardEinsum } from '../src/core/factor/forward.ts';
import { movedBytes, timeDesigns, type DesignTiming } from '../src/engines/timing/designs.ts';
import { measureRoof } from '../src/engines/timing/roof.ts';
import type { Adapter } from './adapter.ts';
import type {
  DeviceInfo,
  DeviceReply,
  DeviceStage,
  DeviceStart,
  DeviceWork,
  DesignFigures,
  Tuning,
} from './protocol.ts';

export interface DeviceDoors {
  readonly findAdapter: () => Promise<Adapter | null>;
  /** Null where this browser has none. */
  readonly open: (backend: Backend, onTuning: (tuning: Tuning) => void) => Promise<Engine | null>;
  /** What earlier visits found; JSON values. */
  readonly store: {
    readonly get: (key: string) => Promise<unknown>;
    readonly set: (key: string, value: unknown) => Promise<void>;
  };
  /** Milliseconds, for durations. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  readonly post: (reply: DeviceReply) => void;
}

interface Chosen {
  readonly engine: Engine;
  readonly device: DeviceInfo;
}

const mebi = 2 ** 20;
/** What the arrays of a batch may take: a share of what a tab gets without asking (4 GiB of WebAssembly at most). */
const memory = { js: 256 * mebi, wasm: 512 * mebi, software: 256 * mebi, card: 1024 * mebi } as const;
/** No run of the roof takes longer; a dispatch of some ten seconds would cost the device. */
const longestRoofMs = 250;
/** At the roof; layers run below it. Rows are given up above that. */
const longestRunMs = 200;
const longestRoundMs = 1000;
const reportMs = 150;

export function createDeviceSession(doors: DeviceDoors): (start: DeviceStart) => Promise<void> {
  const { now, post } = doors;
  const engines = new Map<Backend, Engine>();
  let tell: (tuning: Tuning) => void = () => {};

  const engineOf = async (backend: Backend): Promise<Engine | null> => {
    const known = engines.get(backend);
    if (known !== undefined) return known;
    const engine = await doors.open(backend, (tuning) => tell(tuning));
    if (engine !== null) engines.set(backend, engine);
    return engine;
  };
  const chosen = (engine: Engine, why: string | null): Chosen => {
    const { backend, description, software = false } = engine;
    return { engine, device: { backend, name: description, software, why } };
  };
  const fallBack = async (why: string): Promise<Chosen> => {
    const wasm = await engineOf('wasm');
    if (wasm !== null) return chosen(wasm, why);
    const js = await engineOf('js');
    if (js === null) throw new Error('internal: no engine at all');
    return chosen(js, `${why}, and no WebAssembly SIMD`);
  };
  const choose = async (choice: DeviceStart['choice']): Promise<Chosen> => {
    if (choice !== 'auto') {
      const engine = await engineOf(choice);
      if (engine !== null) return chosen(engine, null);
      if (choice === 'webgpu') return fallBack('this browser has no WebGPU adapter');
      return fallBack(`this browser cannot run ${choice}`);
    }
    const adapter = await doors.findAdapter();
    if (adapter === null) return fallBack('this browser has no WebGPU adapter');
    const program = `its WebGPU adapter (${adapter.name}) is a program, slower than WebAssembly`;
    if (adapter.software) return fallBack(program);
    const card = await engineOf('webgpu');
    if (card === null) return fallBack('its WebGPU adapter gives no device');
    // Not every browser flags those; the engine knows them by name.
    return card.software === true ? fallBack(program) : chosen(card, null);
  };

  const roofOf = async (
    { engine }: Chosen,
    fresh: boolean,
    onStage: (done: number, of: number) => void,
  ): Promise<DeviceRoof> => {
    const key = `roof ${engine.backend} ${engine.description}`;
    const kept = fresh ? null : await doors.store.get(key);
    if (isRoof(kept)) return kept;
    const roof = await measureRoof(engine, { longestMs: longestRoofMs, date: doors.date, onStage });
    await doors.store.set(key, roof);
    return roof;
  };

  const measureOn = async (given: Chosen, start: DeviceStart): Promise<void> => {
    const { engine, device } = given;
    const { run } = start;
    let stage: Omit<DeviceStage, 'tuning'> = { step: 'opening', done: 0, of: 1 };
    const show = (next: Omit<DeviceStage, 'tuning'>, tuning: Tuning | null = null): void => {
      stage = next;
      post({ kind: 'device-stage', run, stage: { ...stage, tuning } });
    };
    tell = (tuning) => show(stage, tuning);
    const roof = await roofOf(given, start.freshRoof, (done, of) => show({ step: 'roof', done, of }));
    const jobs = jobsOf(start.works, roof);
    const kind = device.backend === 'webgpu' ? (device.software ? 'software' : 'card') : device.backend;
    let told = -Infinity;
    const rounds = timeDesigns(
      engine,
      jobs.map(({ program }) => program),
      start.designs,
      {
        now,
        budgetMs: start.budgetMs,
        memory: memory[kind],
        onPrepared: (done, of) => show({ step: 'preparing', done, of }),
      },
    );
    const began = now();
    let tuned: readonly TunedShape[] = [];
    for await (const timing of rounds) {
      if (!timing.complete && now() - told < reportMs) continue;
      told = now();
      if (engine.tuned?.().length !== tuned.length) tuned = await withTried(engine, doors.store);
      show({ step: 'timing', done: Math.min(start.budgetMs, told - began), of: start.budgetMs });
      post({
        kind: 'device-figures',
        run,
        figures: {
          roof,
          works: jobs.map(({ rows, program }, k) => ({
            rows,
            steps: program.steps.length,
            ms: timing.programs[k] ?? null,
            dispatches: timing.dispatches[k] ?? null,
            choices: timing.choices[k] ?? [],
          })),
          designs: start.designs.map((parts, k) => designFigures(parts, jobs, timing.designs[k] ?? unknown)),
          tuned,
          complete: timing.complete,
        },
      });
    }
  };

  return async (start) => {
    const { run } = start;
    let { choice } = start;
    for (let losses = 0; ;) {
      post({
        kind: 'device-stage',
        run,
        stage: { step: 'opening', done: 0, of: 1, tuning: null },
      });
      try {
        const given = await choose(choice);
        post({ kind: 'device-opened', run, device: given.device });
        return await measureOn(given, start);
      } catch (error) {
        if (!(error instanceof EngineLost)) throw error;
        const { backend, reason } = error;
        engines.get(backend)?.dispose();
        engines.delete(backend);
        losses += 1;
        if (backend === 'js') throw new InputError('device', `could not be used, ${reason}`);
        const next = backend === 'wasm' ? 'js' : losses === 1 ? 'webgpu' : 'wasm';
        post({ kind: 'device-lost', run, backend, reason, next });
        choice = next;
      }
    }
  };
}

const unknown: DesignTiming = { ms: null, speedUp: null };

/** A winner that is remembered was tried against others once: they are remembered with it. */
async function withTried(engine: Engine, store: DeviceDoors['store']): Promise<readonly TunedShape[]> {
  return Promise.all(
    (engine.tuned?.() ?? []).map(async (entry): Promise<TunedShape> => {
      const key = `tried ${engine.description} ${entry.shape}`;
      if (entry.from === 'tuned') {
        await store.set(key, entry.tried);
        return entry;
      }
      const kept = await store.get(key);
      return isTried(kept) ? { ...entry, tried: kept } : entry;
    }),
  );
}

const isTried = (value: unknown): value is TunedShape['tried'] =>
  Array.isArray(value) &&
  value.every(
    (entry: Partial<TunedShape['tried'][number]> | null) =>
      typeof entry?.kernel === 'string' && (entry.ms === null || typeof entry.ms === 'number'),
  );

function isRoof(value: unknown): value is DeviceRoof {
  if (typeof value !== 'object' || value === null) return false;
  const given: Partial<Record<keyof DeviceRoof, unknown>> = value;
  return (['gflops', 'side', 'gigabytes', 'copied', 'at'] as const).every((name) => {
    const figure = given[name];
    return typeof figure === 'number' && figure > 0;
  });
}

interface Job {
  readonly program: Program;
  readonly rows: number;
  /** Of the path, as everywhere on the page. */
  readonly macs: number;
  readonly leastMs: number;
}

/** Programs of the works, with as many rows as the device does in a moment: the same share for all, so that they compare. */
function jobsOf(works: readonly DeviceWork[], roof: DeviceRoof): readonly Job[] {
  const full = works.map((work) => leastMs(roof, pathOf(work, work.rows).macs, 0));
  const share = Math.min(
    1,
    longestRunMs / Math.max(...full),
    longestRoundMs / full.reduce((sum, ms) => sum + ms, 0),
  );
  return works.map((work) => {
    const rows = Math.max(1, Math.floor(work.rows * share));
    const path = pathOf(work, rows);
    const program = programOf(path);
    return { program, rows, macs: path.macs, leastMs: leastMs(roof, path.macs, movedBytes(program)) };
  });
}

const pathOf = ({ factorization, path }: DeviceWork, rows: number) =>
  followPath(forwardEinsum(factorization, rows), path);

function designFigures(
  parts: DeviceStart['designs'][number],
  jobs: readonly Job[],
  timing: DesignTiming,
): DesignFigures {
  const sum = (of: (job: Job) => number): number =>
    parts.reduce((total, { program, count }) => {
      const job = jobs[program];
      return job === undefined ? total : total + count * of(job);
    }, 0);
  return { ...timing, macs: sum(({ macs }) => macs), leastMs: sum((job) => job.leastMs) };
}
