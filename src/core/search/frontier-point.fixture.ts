/** Test-only: a point of a frontier of which only EDP and value matter. */
import type { FrontierPoint } from './pareto.ts';

/** @param edp 100 is dense */
export const pointOf = (edp: number, value: number): FrontierPoint => ({
  energyPj: edp,
  latencyCycles: 1,
  edpPjCycles: edp,
  edpReduction: 100 / edp,
  value,
  low: value,
  high: value,
  parameters: 1,
  macs: 1,
  bytes: 1,
  design: [],
});
