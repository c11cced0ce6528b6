/** What a drag frame and a commit cost beside the evaluation itself. */
import type { Bench } from '../core/base/bench.ts';
import { openingConfig } from './defaults.ts';
import { setFormat, setRank } from './edits.ts';
import { decodeLink, encodeLink } from './url.ts';

const opening = openingConfig('bert-base', 'simba');
const all = opening.design.map((_, layer) => layer);
/** Every layer of its own. */
const diverse = all.reduce((config, layer) => setRank(config, [layer], 0, 100 + layer), opening);
const tensorized = setFormat(opening, all, 'tucker');
const link = encodeLink(diverse);

function timed(run: () => unknown, times: number): (now: () => number) => number {
  return (now) => {
    const began = now();
    for (let i = 0; i < times; i++) run();
    return (now() - began) / times;
  };
}

let value = 0;

export const benches: readonly Bench[] = [
  {
    name: 'edit: one rank of 73 linked layers, svd',
    unit: 'ms',
    budget: 1,
    run: timed(() => setRank(opening, all, 0, 1 + (value++ % 180)), 100),
  },
  {
    name: 'edit: one rank of 73 linked layers, tucker',
    unit: 'ms',
    budget: 2,
    run: timed(() => setRank(tensorized, all, 0, 1 + (value++ % 18)), 50),
  },
  {
    name: 'link: written, 73 different layers',
    unit: 'ms',
    budget: 10,
    run: timed(() => encodeLink(diverse), 20),
  },
  { name: 'link: read, 73 different layers', unit: 'ms', budget: 10, run: timed(() => decodeLink(link), 20) },
];
