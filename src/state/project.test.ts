import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../core/base/checks.ts';
import { costModel } from '../core/cost/version.ts';
import { formats } from '../core/factor/factorization.ts';
import { initialConfig } from './defaults.ts';
import { restoreConfig } from './draft.ts';
import { openProject, saveProject } from './project.ts';
import { settingOf, type SavedRun } from './search-run.ts';
import { soundConfig } from './sound-config.fixture.ts';

const opening = initialConfig();

const run: SavedRun = {
  strategy: 'sweep',
  evaluations: 3000,
  counts: Object.fromEntries(formats.map((format, i) => [format, i])) as SavedRun['counts'],
  setting: settingOf(opening, 'weightEnergyKeptPercent'),
  costModel,
  frontier: [0, 1].map((i) => ({
    energyPj: 1.5 + i,
    latencyCycles: 2,
    edpPjCycles: 3,
    edpReduction: 4,
    value: 90.5,
    low: 80,
    high: 95,
    parameters: 6,
    macs: 7,
    bytes: 8,
    design: opening.design,
  })),
};

/** A saved project with one part of it changed. */
function changed(
  change: (project: { config: Record<string, unknown>; [key: string]: unknown }) => void,
): string {
  const project = JSON.parse(saveProject(opening, run));
  change(project);
  return JSON.stringify(project);
}

describe('a project file', () => {
  it('brings back every sound config', () => {
    fc.assert(
      fc.property(soundConfig, (config) => {
        expect(openProject(saveProject(config, null))).toEqual({ config, problems: [], run: null });
      }),
      { numRuns: 40 },
    );
  });

  it('brings back what a search found, each factorization written once', () => {
    const text = saveProject(opening, run);
    expect(openProject(text)).toEqual({ config: opening, problems: [], run });
    expect(JSON.parse(text).found.factorizations.length).toBeLessThan(6);
  });

  it('keeps the sound parts of one that was edited by hand, and names the others', () => {
    const text = changed((project) => {
      project.config['accounting'] = 'mine';
      project.config['workload'] = { tokens: 'many', batch: 1, sequence: 128 };
      project.config['accelerator'] = { name: 'broken' };
      project['found'] = { frontier: 'none' };
    });
    const { config, problems, run: found } = openProject(text);
    expect(found).toBeNull();
    expect(config).toEqual(opening);
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(
      /project: workload\.tokens: .*\n.*accounting.*\n.*accelerator.*\n.*found\./,
    );
  });

  it('leaves out found points that do not fit the model', () => {
    const text = changed((project) => {
      (project['found'] as { frontier: { design: number[] }[] }).frontier[0]?.design.push(0);
      (project['found'] as { frontier: { design: number[] }[] }).frontier[1]?.design.fill(9999);
    });
    expect(openProject(text).run).toBeNull();
  });

  it('says that the rules have changed since it was saved', () => {
    const text = changed((project) => (project['costModel'] = costModel + 1));
    expect(openProject(text).problems[0]).toMatch(/^project: it was saved with another cost model/);
  });

  it('refuses what is no project, by name', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /^project: must be JSON/],
      ['[]', /^project: must be a Rankscape project/],
      ['{"model": 3}', /it has no "rankscape" version/],
      ['{"rankscape": 9, "config": {}}', /must be of version 1, got 9/],
      ['{"rankscape": 1}', /must have a config/],
      ['['.repeat(1_000_000), /^project: must be JSON/],
      [
        `{"rankscape": 1, "x": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
        /must have a config|must be JSON/,
      ],
    ];
    for (const [text, reason] of cases) expect(() => openProject(text), text.slice(0, 40)).toThrow(reason);
  });

  it('is not poisoned by __proto__, and reads no text as anything but a project or an InputError', () => {
    const poisoned = saveProject(opening, null).replace(
      '"config": {',
      '"config": {"__proto__": {"polluted": 1},',
    );
    expect(openProject(poisoned).config).toEqual(opening);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(opening), 'x'), fc.jsonValue()), (config) => {
        try {
          const opened = openProject(JSON.stringify({ rankscape: 1, costModel, config }));
          expect(restoreConfig(opened.config, 'check').problems).toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});
