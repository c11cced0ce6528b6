/** What fusing costs: chains of the references, and the path search that maps every tree. Nothing is remembered. */
import type { Bench } from '../../base/bench.ts';
import { parseEinsum } from '../../einsum/parse.ts';
import { followPath } from '../../einsum/path.ts';
import { presetByName } from '../../hardware/presets.ts';
import { findPathForEdp } from './edp-path.ts';
import { mapChain } from './map-chain.ts';

type Case = readonly [machine: string, equation: string, shapes: readonly (readonly number[])[]];

const leftToRight = (operands: number): readonly (readonly number[])[] =>
  Array.from({ length: operands - 1 }, (_, s) => (s === 0 ? [0, 1] : [operands - 1 - s, 0]));

const pair = (machine: string, m: number, k: number, r: number, n: number): Case => [
  machine,
  'mk,kr,rn->mn',
  [
    [m, k],
    [k, r],
    [r, n],
  ],
];

/** Those of fused_chain_optima.json. */
const chains: readonly Case[] = [
  pair('ws16', 128, 768, 16, 768),
  pair('ws16', 128, 768, 64, 768),
  pair('ws16', 128, 768, 96, 3072),
  pair('ws16', 1, 768, 32, 768),
  [
    'ws16',
    'bij,ipr,rjq->bpq',
    [
      [64, 8, 8],
      [8, 8, 4],
      [4, 8, 8],
    ],
  ],
  [
    'ws16',
    'mk,ka,ac,cn->mn',
    [
      [128, 192],
      [192, 16],
      [16, 16],
      [16, 192],
    ],
  ],
  [
    'ws16',
    'hqd,hkd,hke->hqe',
    [
      [1, 128, 64],
      [1, 128, 64],
      [1, 128, 64],
    ],
  ],
  pair('simba', 32, 192, 16, 192),
  pair('ws8t', 128, 96, 16, 96),
];

/** Whose intermediates do not fit whole. */
const large: readonly Case[] = [
  [
    'ws8t',
    'hqd,hkd,hke->hqe',
    [
      [4, 144, 24],
      [4, 144, 24],
      [4, 144, 24],
    ],
  ],
  pair('ws8t', 128, 96, 64, 96),
  pair('ws8t', 128, 96, 48, 96),
  [
    'ws8t',
    'bij,ipr,rjq->bpq',
    [
      [128, 8, 12],
      [8, 8, 8],
      [8, 12, 12],
    ],
  ],
  [
    'ws16',
    'bij,ipr,rjq->bpq',
    [
      [128, 24, 32],
      [24, 24, 16],
      [16, 32, 32],
    ],
  ],
  [
    'simba',
    'hqd,hkd,hke->hqe',
    [
      [12, 128, 64],
      [12, 128, 64],
      [12, 128, 64],
    ],
  ],
];

/** Tensor trains, CP layers and TTMs of transformer layers. */
const five: readonly Case[] = [
  [
    'ws8t',
    'bij,wr,xr,ir,jr->bwx',
    [
      [128, 24, 32],
      [24, 64],
      [32, 64],
      [24, 64],
      [32, 64],
    ],
  ],
  [
    'ws16',
    'bij,wB,BxC,CiD,Dj->bwx',
    [
      [128, 24, 32],
      [24, 24],
      [24, 32, 128],
      [128, 24, 32],
      [32, 32],
    ],
  ],
  [
    'simba',
    'bij,wr,xr,ir,jr->bwx',
    [
      [128, 24, 32],
      [24, 64],
      [32, 64],
      [24, 64],
      [32, 64],
    ],
  ],
  [
    'ws16',
    'bijkl,wiB,BxjC,CykD,Dzl->bwxyz',
    [
      [128, 4, 4, 6, 8],
      [4, 4, 4],
      [4, 4, 4, 4],
      [4, 6, 6, 4],
      [4, 8, 8],
    ],
  ],
];

const seven: readonly Case[] = [
  [
    'ws16',
    'bijk,wr,xr,yr,ir,jr,kr->bwxy',
    [
      [4096, 8, 8, 12],
      [8, 128],
      [8, 128],
      [12, 128],
      [8, 128],
      [8, 128],
      [12, 128],
    ],
  ],
  [
    'simba',
    'bijk,wr,xr,yr,ir,jr,kr->bwxy',
    [
      [128, 8, 8, 12],
      [8, 128],
      [8, 128],
      [12, 128],
      [8, 128],
      [8, 128],
      [12, 128],
    ],
  ],
  [
    'ws16',
    'bijk,wB,BxC,CyD,DiE,EjF,Fk->bwxy',
    [
      [128, 8, 8, 12],
      [8, 8],
      [8, 8, 32],
      [32, 12, 32],
      [32, 8, 32],
      [32, 8, 12],
      [12, 12],
    ],
  ],
];

const once =
  (cases: readonly Case[], work: (each: Case) => void, turns: number) =>
  (now: () => number): number => {
    let worst = 0;
    for (const each of cases) {
      let least = Number.POSITIVE_INFINITY;
      for (let turn = 0; turn < turns; turn += 1) {
        const start = now();
        work(each);
        least = Math.min(least, now() - start);
      }
      worst = Math.max(worst, least);
    }
    return worst;
  };

const fuse = ([machine, equation, shapes]: Case): void => {
  const einsum = parseEinsum(equation, shapes);
  mapChain(presetByName(machine), followPath(einsum, leftToRight(shapes.length)), {
    accounting: 'accelforge',
  });
};

const search = ([machine, equation, shapes]: Case): void => {
  findPathForEdp(presetByName(machine), parseEinsum(equation, shapes));
};

export const benches: readonly Bench[] = [
  { name: 'fused chain, worst of 9', unit: 'ms', budget: 150, run: once(chains, fuse, 3) },
  { name: 'chain that shares loops, worst of 6', unit: 'ms', budget: 150, run: once(large, fuse, 3) },
  { name: 'path by EDP, 5 operands, worst of 4', unit: 'ms', budget: 1000, run: once(five, search, 2) },
  { name: 'path by EDP, 7 operands, worst of 3', unit: 'ms', budget: 10_000, run: once(seven, search, 1) },
];
