/**
 * The contraction path that is best on an accelerator once mapped and fused, not the one of fewest multiplications: over
 * every binary tree, both orders of its branches, every residency of its intermediates and every mapping of its products.
 * Nothing is lost to pruning: a tree is left out only when what it at least costs is no better than a path already mapped.
 */
import { check } from '../../base/checks.ts';
import type { Einsum } from '../../einsum/einsum.ts';
import { findPath, followPath } from '../../einsum/path.ts';
import type { ContractionPath, PathObjective } from '../../einsum/path.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import type { Objective } from '../mapping.ts';
import { bestPlan } from './lazy.ts';
import { boundOf, mapChainBelow, mapChainWith, partsFor } from './map-chain.ts';
import type { ChainOptions, MappedChain } from './map-chain.ts';
import type { Parts } from './parts.ts';
import { scores } from './trade.ts';
import type { Point } from './trade.ts';
import type { Fusion } from './residency.ts';
import { listTrees } from './tree-list.ts';
import { proposeTrees } from './trees.ts';
import type { Positions } from './trees.ts';

export interface MappedPath {
  /** Its bound is of every path that was considered. */
  readonly best: MappedChain;
  /** The path of fewest multiply-accumulates, mapped and fused as well as it can be. */
  readonly fewestMacs: MappedChain;
  /** Whether every tree was considered. */
  readonly proven: boolean;
}

/** Up to here every tree is considered; beyond, the paths of least MACs, writes and largest intermediate. */
const mostOperands = 9;

/**
 * Work on shared loops, in ways that are made: for the paths of least MACs, writes and size; for any other in each round, and
 * how many the round is for; and to consider a path at all.
 */
const effortAtFirst = 400;
const effortPerPath = 150;
const rounds: readonly (readonly [effort: number, paths: number])[] = [
  [effortPerPath, 4],
  [15, Number.POSITIVE_INFINITY],
  [effortPerPath, Number.POSITIVE_INFINITY],
];
const considering = 1;

/** For all paths together: about half a second of one core at five operands, some seconds at seven. */
const effortAmong = (operands: number): number => (operands < 6 ? 500 : operands < 7 ? 4000 : 7000);

const pathObjectives: readonly PathObjective[] = ['macs', 'write', 'size'];

/** @throws InputError when a product fits nowhere or an extent is 0 */
export function findPathForEdp(
  accelerator: Accelerator,
  einsum: Einsum,
  options: ChainOptions = {},
): MappedPath {
  const { fusion = 'auto', objective = 'edp' } = options;
  return findPathWith(partsFor(accelerator, options), einsum, fusion, objective);
}

/** `findPathForEdp` with parts that are remembered between calls. */
export function findPathWith(parts: Parts, einsum: Einsum, fusion: Fusion, objective: Objective): MappedPath {
  check(einsum.inputs.length > 0, 'einsum', 'must have an operand');
  const paths = new Map<string, ContractionPath>();
  for (const each of pathObjectives) {
    const path = findPath(einsum, each);
    const key = JSON.stringify(path.steps.map(({ operands }) => operands));
    if (!paths.has(key)) paths.set(key, path);
  }
  const score = scores[objective];
  const mapped = [...paths.values()].map((path) =>
    mapChainWith(parts, path, fusion, objective, effortAtFirst),
  );
  const fewestMacs = mapped[0] as MappedChain;
  let best = mapped.reduce((least, each) => (scoreOf(each) < scoreOf(least) ? each : least));
  /** A score that nothing considered is below. */
  let least = Math.min(...mapped.map((each) => scoreOf(each) / (1 + (each.bound.gap ?? 0))));
  const proven = einsum.inputs.length <= mostOperands;
  const effort = { left: effortAmong(einsum.inputs.length) };
  const limit = (): number => scoreOf(best) * (1 - 1e-9);
  /** A score that nothing along the path is below, having looked for better ones with some effort. */
  const consider = (path: Positions, most: number): number => {
    const own = { left: Math.min(most, effort.left) };
    effort.left -= own.left + considering;
    const found = mapChainBelow(parts, followPath(einsum, path), fusion, objective, limit(), own);
    effort.left += own.left;
    if (found.chain !== null) best = found.chain;
    return found.least;
  };
  if (proven && einsum.inputs.length > 2) {
    const below = (figures: Point): boolean => score(figures) < limit();
    const planned = bestPlan(proposeTrees(parts, einsum, fusion, below), objective, limit());
    if (planned.plan !== null) consider(planned.plan.decisions, effortPerPath);
    let open: { readonly path: Positions; readonly least: number }[] = [];
    if (fusion === 'auto') {
      for (const tree of listTrees(parts, einsum, objective, limit())) {
        const { paths: ordered, complete } = tree.orders();
        for (const path of ordered) open.push({ path, least: tree.least });
        if (!complete) least = Math.min(least, tree.least);
      }
    }
    // The most promising, then all of them a little: what these reach settles most.
    for (const [most, count] of rounds) {
      open = open
        .toSorted((a, b) => a.least - b.least)
        .map((each, i) =>
          i >= count || each.least >= limit() || effort.left <= 0
            ? each
            : { ...each, least: Math.max(each.least, consider(each.path, most)) },
        );
    }
    for (const each of open) least = Math.min(least, each.least);
  }
  return { best: { ...best, bound: boundOf(scoreOf(best), least) }, fewestMacs, proven };

  function scoreOf({ energyPj, latencyCycles }: MappedChain): number {
    return score({ energyPj, cycles: latencyCycles });
  }
}
