import { describe, expect, it } from 'vitest';
import { followPath } from '../core/einsum/path.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { forwardEinsum } from '../core/factor/forward.ts';
import type { Config } from './config.ts';
import { openingConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { designKey, deviceQuestion, type DeviceScope } from './device-question.ts';

const derive = createDerive();
const config = openingConfig('bert-base', 'simba');
const dense = derive(config).model.linears.map((_, i) => derive(config).evaluator.denseFactorization(i));
const svd = (rank: number): Factorization[] =>
  dense.map(({ outModes, inModes }) => ({ format: 'svd', outModes, inModes, ranks: [rank] }));
const given = (change: Partial<Config>) => derive({ ...config, ...change });
const ask = (change: Partial<Config>, scope: DeviceScope, frontier: Factorization[][] = []) =>
  deviceQuestion(given(change), scope, frontier)!;

describe('what a device is asked', () => {
  it('is one layer, dense and as it is, along the path on screen', () => {
    const question = ask({ design: svd(16) }, 'layer');
    expect(question.designs.map(({ who, key }) => [who, key])).toEqual([
      ['dense', null],
      ['now', null],
    ]);
    expect(question.works.map(({ factorization }) => factorization.format)).toEqual(['dense', 'svd']);
    for (const { factorization, rows, path, steps } of question.works)
      expect(followPath(forwardEinsum(factorization, rows), path).steps).toEqual(steps);
    const { focus } = config.view;
    const { evaluator } = given({ design: svd(16) });
    expect(question.designs[1]!.latencyCycles).toBe(evaluator.layer(focus, svd(16)[focus]!).latencyCycles);
  });

  it('measures equal layers once and counts them', () => {
    const { view } = config;
    const { model } = derive(config);
    const selection = model.linears.flatMap(({ role }, index) => (role === 'FFN1' ? [index] : []));
    const question = ask(
      { design: svd(16), view: { ...view, selection, focus: selection[0]! } },
      'selection',
    );
    expect(question.about).toBe('FFN1');
    expect(question.works).toHaveLength(2);
    expect(question.designs.map(({ parts }) => parts)).toEqual([
      [{ program: 0, count: 12 }],
      [{ program: 1, count: 12 }],
    ]);
  });

  it('is the whole design beside its pins; a point of the frontier that is one of them is not asked twice', () => {
    const pins: Config['pins'] = [
      { letter: 'A', design: svd(32) },
      { letter: 'C', design: dense },
    ];
    const question = ask({ design: svd(16), pins }, 'pins');
    expect(question.designs.map(({ who }) => who)).toEqual(['dense', 'now', 'A', 'C']);
    expect(question.designs[1]!.key).toBe(designKey(derive(config), svd(16)));
    const linears = derive(config).model.linears.length;
    for (const { parts } of question.designs)
      expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(linears);
    const found = Array.from({ length: 40 }, (_, k) => svd(k + 13));
    const more = ask({ design: svd(16), pins }, 'frontier', found);
    const ranks = more.designs.flatMap(({ who, design }) =>
      who === 'frontier' ? [design[0]!.ranks[0]!] : [],
    );
    expect([ranks[0], ranks.at(-1)]).toEqual([13, 52]);
    expect(ranks.length).toBeGreaterThan(6);
    expect(new Set(ranks).size).toBe(ranks.length);
    expect(ask({ design: svd(16) }, 'frontier', [svd(16)]).designs.map(({ who }) => who)).toEqual([
      'dense',
      'now',
    ]);
  });

  it('is dense alone where nothing is factorized; another design is another question', () => {
    expect(ask({ design: dense }, 'layer').designs.map(({ who }) => who)).toEqual(['dense']);
    const keys = [ask({ design: svd(16) }, 'layer'), ask({ design: svd(17) }, 'layer')].map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
    expect(ask({ design: svd(16) }, 'layer').key).toBe(keys[0]);
  });
});
