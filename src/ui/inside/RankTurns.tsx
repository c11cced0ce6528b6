/** The ranks at which the bound of the layer on screen changes; they come with the strips. */
import { sharesLoops } from '../../core/cost/execution.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { rankNames } from '../../core/factor/ranks.ts';
import { useScents, useSettled } from '../app.ts';
import { sayTurns } from './turns.ts';

export function RankTurns({ factorization }: { readonly factorization: Factorization }) {
  const { scents, stale } = useScents();
  const { execution } = useSettled().config;
  // Strips keep whole intermediates: of shared loops they know nothing.
  if (stale || sharesLoops(execution) || scents.length !== factorization.ranks.length) return null;
  const names = rankNames(factorization);
  const said = sayTurns(
    scents.flatMap((scent, i) =>
      scent === null
        ? []
        : [{ name: names[i] ?? 'r', value: factorization.ranks[i] ?? 1, phases: scent.phases }],
    ),
  );
  return said === null ? null : ` ${said}`;
}
