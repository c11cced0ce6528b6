/**
 * Evolution of whole designs, format, shape and rank together per layer, as HEAT searches them (its population settings are
 * not public; these are ours). NSGA-II: parents by tournament over front and crowding, children by exchange of groups
 * or blocks and by mutation, and the best of parents and children stay.
 * Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II" (2002).
 */
import { createRandom, type Random } from '../base/random.ts';
import { formats } from '../factor/factorization.ts';
import { geneNear, genesOf, mutated, type Genes } from './genes.ts';
import { scales } from './scales.ts';
import type { Search, SearchSetting } from './setting.ts';
import { createStudy, type Study } from './study.ts';

const populationSize = 64;
/** Stops after so many children without a better design. */
const patience = 5000;
const crossoverShare = 0.9;
/** Times a child that equals one of the population is mutated again. */
const retries = 4;
/** Smallest share of the dense parameters that the first generation starts from. */
const smallest = 1 / 64;

interface Individual {
  /** One gene per free layer, class by class. */
  readonly genes: Int32Array;
  readonly edp: number;
  readonly damage: number;
  /** On the axis, not below its floor. */
  readonly value: number;
}

/** A free layer: its place in `Picks` is its position. */
interface Place {
  readonly shape: number;
  /** Layers of one role and shape. */
  readonly group: string;
  readonly block: number;
}

export function* evolutionary(setting: SearchSetting): Search {
  const study = createStudy(setting);
  const { assembly, recorder } = study;
  if (assembly.free.length > 0) {
    const spaces: Genes[] = [];
    for (const shape of assembly.shapes) spaces.push(yield* genesOf(study, shape));
    const random = createRandom(setting.seed);
    const places = placesOf(study);
    const evaluate = createTrial(study, spaces, places);
    let population: readonly Individual[] = [];
    const first: Individual[] = [];
    for (let i = 0; i < populationSize; i++) {
      const individual = evaluate(founder(random, spaces, places, i));
      if (individual === null) break;
      first.push(individual.tried);
      yield recorder.batch();
    }
    population = first;
    for (let idle = 0, spent = population.length < 2; !spent && idle < patience;) {
      const ranked = rank(population);
      const known = new Set(population.map(({ genes }) => genes.join()));
      const children: Individual[] = [];
      while (children.length < populationSize) {
        const child = evaluate(breed(random, ranked, spaces, places, known));
        if (child === null) {
          spent = true;
          break;
        }
        idle = child.better ? 0 : idle + 1;
        children.push(child.tried);
      }
      population = survivors([...population, ...children]);
      yield recorder.batch();
    }
  }
  yield recorder.batch();
  return recorder.result();
}

function placesOf({ assembly, setting }: Study): readonly Place[] {
  const { linears } = setting.evaluator.model;
  return assembly.free.flatMap(({ shape, layers }) =>
    layers.map((index): Place => ({
      shape,
      group: `${linears[index]?.role} ${shape}`,
      block: linears[index]?.block ?? -1,
    })),
  );
}

/** Costs and records a design; null when the budget has no room for it. */
function createTrial(
  { pool, recorder, setting, figures, record, value }: Study,
  spaces: readonly Genes[],
  places: readonly Place[],
): (genes: Int32Array) => { readonly tried: Individual; readonly better: boolean } | null {
  const costed = spaces.map(() => new Set([0]));
  const picks = new Int32Array(places.length);
  const { floor } = scales[setting.evaluator.accuracy.metric];
  return (genes) => {
    const fresh = new Set<string>();
    for (const [i, { shape }] of places.entries())
      if (costed[shape]?.has(genes[i] ?? 0) === false) fresh.add(`${shape} ${genes[i]}`);
    if (recorder.evaluations + fresh.size + 1 > setting.budget) return null;
    for (const [i, { shape }] of places.entries()) {
      const gene = genes[i] ?? 0;
      costed[shape]?.add(gene);
      const f = spaces[shape]?.candidates[gene];
      picks[i] = f === undefined || gene === 0 ? 0 : pool.column(shape, f);
    }
    recorder.assembled();
    const better = record(picks);
    const [energyPj = 0, latencyCycles = 0, damage = 0] = figures;
    const tried = { genes, edp: energyPj * latencyCycles, damage, value: Math.max(floor, value(damage)) };
    return { tried, better };
  };
}

/** Dense, then one format and one size throughout or those of each group by themselves; sizes spread over the population. */
function founder(
  random: Random,
  spaces: readonly Genes[],
  places: readonly Place[],
  number: number,
): Int32Array {
  if (number === 0) return new Int32Array(places.length);
  const share = smallest ** ((number + random.next()) / populationSize);
  const compressed = formats.filter((format) => format !== 'dense');
  const alike = number % 2 === 0;
  const common = compressed[random.below(compressed.length)];
  const drawn = new Map<string, number>();
  return Int32Array.from(places, ({ shape, group }) => {
    const space = spaces[shape];
    if (space === undefined) return 0;
    let gene = drawn.get(group);
    if (gene === undefined) {
      const format = alike ? common : compressed[random.below(compressed.length)];
      const size =
        (space.parameters[0] ?? 0) * (alike ? share : Math.min(1, share * 4 ** (random.next() - 0.5)));
      drawn.set(group, (gene = geneNear(space, random, format, size)));
    }
    return gene;
  });
}

function breed(
  random: Random,
  ranked: readonly Ranked[],
  spaces: readonly Genes[],
  places: readonly Place[],
  known: Set<string>,
): Int32Array {
  const [a, b] = [tournament(random, ranked), tournament(random, ranked)];
  const genes = random.next() < crossoverShare ? crossed(random, a.genes, b.genes, places) : a.genes.slice();
  for (let tries = 0; tries <= retries; tries++) {
    for (let changes = 1 + random.below(2); changes > 0; changes--) mutate(random, genes, spaces, places);
    if (!known.has(genes.join())) break;
  }
  known.add(genes.join());
  return genes;
}

/** Whole groups of either parent, or the blocks before a cut of one and those behind it of the other. */
function crossed(random: Random, a: Int32Array, b: Int32Array, places: readonly Place[]): Int32Array {
  if (random.below(2) === 0) {
    const fromFirst = new Map<string, boolean>();
    return a.map((gene, i) => {
      const group = places[i]?.group ?? '';
      let first = fromFirst.get(group);
      if (first === undefined) fromFirst.set(group, (first = random.below(2) === 0));
      return first ? gene : (b[i] ?? 0);
    });
  }
  const cut = places[random.below(places.length)]?.block ?? 0;
  return a.map((gene, i) => ((places[i]?.block ?? 0) <= cut ? gene : (b[i] ?? 0)));
}

/** One layer, or all of its group that share its gene. */
function mutate(random: Random, genes: Int32Array, spaces: readonly Genes[], places: readonly Place[]): void {
  const at = random.below(places.length);
  const place = places[at];
  const space = spaces[place?.shape ?? -1];
  if (place === undefined || space === undefined) return;
  const old = genes[at] ?? 0;
  const gene = mutated(space, random, old);
  genes[at] = gene;
  if (random.below(2) === 0) return;
  for (const [i, { group }] of places.entries())
    if (group === place.group && genes[i] === old) genes[i] = gene;
}

interface Ranked extends Individual {
  /** 0 = not dominated. */
  readonly front: number;
  /** Distance between its neighbours on the front; larger is lonelier. */
  readonly crowding: number;
}

function tournament(random: Random, ranked: readonly Ranked[]): Ranked {
  const [a, b] = [ranked[random.below(ranked.length)], ranked[random.below(ranked.length)]];
  if (a === undefined || b === undefined) throw new Error('internal: a population of nobody');
  return a.front < b.front || (a.front === b.front && a.crowding >= b.crowding) ? a : b;
}

/** Front by front, each from low to high EDP. */
function rank(population: readonly Individual[]): readonly Ranked[] {
  let left = [...population].sort((a, b) => a.edp - b.edp || a.damage - b.damage);
  const ranked: Ranked[] = [];
  for (let front = 0; left.length > 0; front++) {
    const members: Individual[] = [];
    const rest: Individual[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const individual of left) {
      if (individual.damage < least) {
        members.push(individual);
        least = individual.damage;
      } else rest.push(individual);
    }
    ranked.push(...crowded(members, front));
    left = rest;
  }
  return ranked;
}

function crowded(members: readonly Individual[], front: number): readonly Ranked[] {
  const width = Math.log((members.at(-1)?.edp ?? 1) / (members[0]?.edp ?? 1)) || 1;
  const height = (members.at(-1)?.value ?? 0) - (members[0]?.value ?? 0) || 1;
  return members.map((individual, i) => {
    const [before, behind] = [members[i - 1], members[i + 1]];
    const crowding =
      before === undefined || behind === undefined
        ? Number.POSITIVE_INFINITY
        : Math.log(behind.edp / before.edp) / width + (behind.value - before.value) / height;
    return { ...individual, front, crowding };
  });
}

function survivors(all: readonly Individual[]): readonly Individual[] {
  return rank(all)
    .toSorted((a, b) => a.front - b.front || b.crowding - a.crowding)
    .slice(0, populationSize);
}
