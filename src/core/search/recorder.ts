/**
 * Keeps a search's books: the cloud of the batch, the frontier, the counts. A point of the frontier is spelled out
 * (its design, its figures by `evaluate`) only when somebody is to see it.
 */
import { formats, type Format } from '../factor/factorization.ts';
import type { Evaluator } from './evaluate.ts';
import type { Candidate } from './evaluation.ts';
import { createFrontier, hypervolume, type Frontier, type FrontierPoint } from './pareto.ts';
import { scales } from './scales.ts';
import type { SearchBatch, SearchResult } from './setting.ts';

interface Found<T> {
  readonly kept: T;
  point: FrontierPoint | null;
}

export interface Recorder<T> {
  readonly evaluations: number;
  readonly frontier: Frontier<Found<T>>;
  /** A layer candidate was costed. */
  costed(format: Format): void;
  /** A model design was assembled and counts as an evaluation by itself. */
  assembled(): void;
  /**
   * Puts a design in the cloud and, if nothing beats it, on the frontier; `keep` makes what `design` needs later.
   * @param picky whether it must be better than the frontier by more than a trifle, as refinements must
   */
  record(energyPj: number, latencyCycles: number, value: number, picky: boolean, keep: () => T): boolean;
  /** What happened since the last batch. */
  batch(): SearchBatch;
  result(): SearchResult;
}

/** A frontier goes out at most once per so many evaluations, and with at most so many points. */
const betweenFrontiers = 512;
const mostPoints = 600;
/** What a refinement finds must beat the frontier by more than this or the axis's step, or it would fill it with near copies. */
const edpTolerance = 1e-3;

export function createRecorder<T>(evaluator: Evaluator, design: (kept: T) => Candidate): Recorder<T> {
  const denseEdp = evaluator.dense.edpPjCycles;
  const { floor, step } = scales[evaluator.accuracy.metric];
  const frontier = createFrontier<Found<T>>();
  const counts = Object.fromEntries(formats.map((format) => [format, 0])) as Record<Format, number>;
  let evaluations = 0;
  let cloud: number[] = [];
  let changed = false;
  let sentAt = Number.NEGATIVE_INFINITY;

  const spell = (found: Found<T>): FrontierPoint =>
    (found.point ??= frontierPoint(evaluator, design(found.kept)));
  const points = (): FrontierPoint[] => thin(frontier.entries, mostPoints).map((entry) => spell(entry.item));
  const volume = (): number => hypervolume(frontier.entries, denseEdp, floor);

  return {
    get evaluations() {
      return evaluations;
    },
    frontier,
    costed(format) {
      counts[format]++;
      evaluations++;
    },
    assembled() {
      evaluations++;
    },
    record(energyPj, latencyCycles, value, picky, keep) {
      cloud.push(energyPj, latencyCycles, value);
      const edp = energyPj * latencyCycles;
      if (picky && !frontier.accepts(edp * (1 + edpTolerance), value - step)) return false;
      const added = frontier.add(edp, value, () => ({ kept: keep(), point: null }));
      changed ||= added;
      return added;
    },
    batch() {
      const send = changed && evaluations - sentAt >= betweenFrontiers;
      const batch: SearchBatch = {
        evaluations,
        cloud: Float32Array.from(cloud),
        frontier: send ? points() : null,
        counts: { ...counts },
        hypervolume: volume(),
      };
      cloud = [];
      if (send) {
        changed = false;
        sentAt = evaluations;
      }
      return batch;
    },
    result() {
      // Sums were taken in another order than `evaluate` takes them: prune once more by the figures that are shown.
      const exact = createFrontier<FrontierPoint>();
      for (const point of points()) exact.add(point.edpPjCycles, point.value, () => point);
      return {
        frontier: exact.entries.map((entry) => entry.item),
        evaluations,
        counts: { ...counts },
        hypervolume: volume(),
      };
    },
  };
}

function frontierPoint(evaluator: Evaluator, design: Candidate): FrontierPoint {
  const { energyPj, latencyCycles, edpPjCycles, edpReduction, parameters, macs, bytes, accuracy } =
    evaluator.evaluate(design);
  const { value, low, high } = accuracy;
  return {
    energyPj,
    latencyCycles,
    edpPjCycles,
    edpReduction,
    value,
    low,
    high,
    parameters,
    macs,
    bytes,
    design,
  };
}

/**
 * At most `count` entries, both ends among them: those go without which the staircase loses the least area (log EDP x
 * value), never two neighbours at a time.
 */
export function thin<E extends { readonly edp: number; readonly value: number }>(
  entries: readonly E[],
  count: number,
): readonly E[] {
  let kept = entries;
  while (kept.length > Math.max(2, count)) {
    const all = kept;
    const area = (i: number): number => {
      const [before, entry, behind] = [all[i - 1], all[i], all[i + 1]];
      if (before === undefined || entry === undefined || behind === undefined)
        return Number.POSITIVE_INFINITY;
      return Math.log(behind.edp / entry.edp) * (entry.value - before.value);
    };
    const areas = all.map((_, i) => area(i));
    const byArea = [...areas.keys()].sort((i, j) => (areas[i] ?? 0) - (areas[j] ?? 0) || i - j);
    const gone = new Set<number>();
    // Half of what is there at most: areas change as neighbours go.
    for (const i of byArea.slice(0, Math.ceil(all.length / 2))) {
      if (all.length - gone.size <= count) break;
      if (areas[i] !== Number.POSITIVE_INFINITY && !gone.has(i - 1) && !gone.has(i + 1)) gone.add(i);
    }
    kept = all.filter((_, i) => !gone.has(i));
  }
  return kept;
}
