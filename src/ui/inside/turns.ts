/** At which ranks the bound of a layer changes, and what then stays on chip: the nearest changes either way, in words. */
import type { Phase } from '../../core/search/phases.ts';
import { formatExact } from '../format.ts';

/** One of a layer's ranks, the phases that it goes through and where it is now. */
export interface RankPhases {
  /** `r`, `r2`. */
  readonly name: string;
  readonly value: number;
  readonly phases: readonly Phase[];
}

/**
 * `DRAM bounds the layer; at rank r 40 and below the MACs do. At rank r 24 one intermediate stays on chip that does not now.`
 * Null where no rank changes anything.
 */
export function sayTurns(ranks: readonly RankPhases[]): string | null {
  const bounds: string[] = [];
  const stays: string[] = [];
  let now: string | null = null;
  for (const { name, value, phases } of ranks) {
    const at = phases.findLastIndex(({ from }) => from <= value);
    const here = phases[at];
    if (here === undefined) continue;
    now = boundOf(here);
    const [less, more] = [phases.slice(0, at), phases.slice(at + 1)];
    const otherBound = (phase: Phase): boolean => phase.boundBy !== here.boundBy && lasts(phases, phase);
    const below = less.findLast(otherBound);
    if (below !== undefined) {
      const all = less.slice(0, less.indexOf(below) + 1).every(({ boundBy }) => boundBy === below.boundBy);
      bounds.push(`at rank ${name} ${lastOf(phases, below)}${all ? ' and below' : ''} ${doThat(below)}`);
    }
    const above = more.find(otherBound);
    if (above !== undefined) {
      const all = more.slice(more.indexOf(above)).every(({ boundBy }) => boundBy === above.boundBy);
      bounds.push(
        `${all ? 'from' : 'at'} rank ${name} ${formatExact(above.from)}${all ? ' on' : ''} ${doThat(above)}`,
      );
    }
    const smaller = less.findLast(({ onChip }) => onChip > here.onChip);
    const larger = more.find(({ onChip }) => onChip < here.onChip);
    if (smaller !== undefined)
      stays.push(
        `at rank ${name} ${lastOf(phases, smaller)} ${intermediates(smaller.onChip - here.onChip)} on chip that ${smaller.onChip - here.onChip === 1 ? 'does' : 'do'} not now`,
      );
    else if (larger !== undefined)
      stays.push(
        `up to rank ${name} ${formatExact(larger.from - 1)} ${intermediates(here.onChip - larger.onChip)} on chip`,
      );
  }
  if (now === null || bounds.length + stays.length === 0) return null;
  const first = bounds.length > 0 ? `${now} the layer; ${bounds.join(', ')}` : '';
  return [first, stays.join(', ')]
    .filter((part) => part !== '')
    .map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}.`)
    .join(' ');
}

/** Where two roofs are nearly one, mappings of single ranks fall under either: that is no turn worth a word. */
const shortest = 0.03;

const lasts = (phases: readonly Phase[], phase: Phase): boolean => {
  const next = phases[phases.indexOf(phase) + 1];
  return next === undefined || next.from - phase.from > shortest * phase.from;
};

/** Its last rank. */
const lastOf = (phases: readonly Phase[], phase: Phase): string =>
  formatExact((phases[phases.indexOf(phase) + 1]?.from ?? 1) - 1);

const boundOf = ({ boundBy }: Phase): string => (boundBy === null ? 'the MACs bound' : `${boundBy} bounds`);
const doThat = ({ boundBy }: Phase): string => (boundBy === null ? 'the MACs do' : `${boundBy} does`);
const intermediates = (count: number): string =>
  count === 1 ? 'one intermediate stays' : `${count} intermediates stay`;
