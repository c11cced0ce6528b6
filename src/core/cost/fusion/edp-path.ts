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
import { boundChain, mapChainWith, partsFor, scores } from './map-chain.ts';
import type { ChainOptions, MappedChain } from './map-chain.ts';
import type { Parts } from './parts.ts';
import type { Point } from './trade.ts';
import type { Fusion } from './residency.ts';
import { listTrees } from './tree-list.ts';
import { proposeTrees } from './trees.ts';
import type { Positions } from './trees.ts';

export interface MappedPath {
  readonly best: MappedChain;
  /** The path of fewest multiply-accumulates, mapped and fused as well as it can be. */
  readonly fewestMacs: MappedChain;
  /** Whether every tree was considered. */
  readonly proven: boolean;
  /** Whether, besides, no way to share loops was left out of any. */
  readonly optimal: boolean;
}

/** Up to here every tree is considered; beyond, the paths of least MACs, writes and largest intermediate. */
const mostOperands = 9;

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
  const mapped = [...paths.values()].map((path) => mapChainWith(parts, path, fusion, objective));
  const fewestMacs = mapped[0] as MappedChain;
  const known = mapped.reduce((least, each) => (score(point(each)) < score(point(least)) ? each : least));
  let all = mapped.every((chain) => chain.proven);
  const proven = einsum.inputs.length <= mostOperands;
  if (!proven || einsum.inputs.length <= 2)
    return { best: known, fewestMacs, proven, optimal: proven && all };
  let best = known;
  const below = (least: Point): boolean => score(least) < score(point(best)) * (1 - 1e-9);
  const consider = (path: Positions): void => {
    const given = followPath(einsum, path);
    const bound = boundChain(parts, given, fusion, objective);
    if (bound === null || !below(bound)) return;
    const chain = mapChainWith(parts, given, fusion, objective, undefined, score(point(best)));
    if (!chain.proven) all = false;
    if (below(point(chain))) best = chain;
  };
  const planned = bestPlan(proposeTrees(parts, einsum, fusion, below), objective);
  if (planned !== null) consider(planned.decisions);
  if (fusion === 'auto') {
    for (const tree of listTrees(parts, einsum, objective, score, below)) {
      if (!below(tree.least)) break;
      for (const path of tree.paths()) consider(path);
    }
  }
  return { best, fewestMacs, proven, optimal: all };
}

const point = ({ energyPj, latencyCycles }: MappedChain): Point => ({ energyPj, cycles: latencyCycles });
