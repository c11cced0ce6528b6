import { describe, expect, it } from 'vitest';
import { columns, svd } from './compare.fixture.ts';
import { stackMarks } from './energy-stack.ts';
import { compareCsv, csv, frontierCsv, standaloneSvg } from './exporters.ts';
import { compareRows } from './rows.ts';

describe('csv', () => {
  it('quotes only what must be, with CRLF', () => {
    expect(
      csv([
        ['a', 'b, c', 'say "x"'],
        [1.5, -2, 'two\nlines'],
      ]),
    ).toBe('a,"b, c","say ""x"""\r\n1.5,-2,"two\nlines"\r\n');
  });
});

describe('compareCsv', () => {
  const text = compareCsv(columns, compareRows(columns, 'dense', { energyUnit: 'pJ', clockHz: 1e9 }));

  it('carries full precision, units, the band and the tier', () => {
    const lines = text.trimEnd().split('\r\n');
    expect(lines[0]).toBe('figure,unit,Dense,Now,A');
    expect(lines).toContain('EDP reduction,times,1,5,12.5');
    expect(lines).toContain('Energy,pJ,10000000000,4000000000,2000000000');
    expect(lines).toContain('"Weight energy, low",percent of weight energy kept,100,80,72');
    expect(lines.at(-1)).toBe('Tier,,estimated,estimated,estimated');
  });

  it('has as many cells in every line', () => {
    const counts = new Set(
      text
        .trimEnd()
        .split('\r\n')
        .map((line) => line.replaceAll(/"[^"]*"/g, '').split(',').length),
    );
    expect(counts.size).toBe(1);
  });
});

describe('frontierCsv', () => {
  it('names the unit of the machine', () => {
    const text = frontierCsv(
      [
        {
          energyPj: 2,
          latencyCycles: 3,
          edpPjCycles: 6,
          edpReduction: 4.5,
          value: 90,
          low: 80,
          high: 95,
          parameters: 10,
          macs: 20,
          bytes: 10,
          design: [svd(8, 2), svd(8, 2)],
        },
      ],
      'weightEnergyKeptPercent',
      'relative (MAC = 1)',
    );
    expect(text.split('\r\n')[0]).toContain('energy relative (MAC = 1)');
    expect(text.split('\r\n')[1]).toBe('4.5,90,80,95,2,3,10,10,20,2 svd');
  });
});

describe('standaloneSvg', () => {
  const text = standaloneSvg({
    markup: '<path stroke="var(--rs-front)" d="M0 0H9"/>',
    width: 10,
    height: 5,
    cloud: 'data:image/png;base64,AA',
    title: 'a < b & c',
    token: (name) => `rgb(${name.length}, 0, 0)`,
  });

  it('leaves no token and no reference behind', () => {
    expect(text).not.toContain('var(');
    expect(text).toContain('stroke="rgb(10, 0, 0)"');
    expect(text).toContain('<title>a &lt; b &amp; c</title>');
    expect(text).not.toMatch(/INK|BG|WARN/);
  });

  it('puts the cloud behind the marks', () => {
    expect(text.indexOf('<image')).toBeGreaterThan(text.indexOf('<rect'));
    expect(text.indexOf('<image')).toBeLessThan(text.indexOf('<path'));
  });
});

describe('stackMarks', () => {
  const inputs = columns.map(({ who, evaluation }) => ({ who, energyByLevelPj: evaluation.energyByLevelPj }));
  const marks = stackMarks(inputs, 300);

  it('has one scale: the largest fills the room, the others are in proportion', () => {
    const [first, second] = marks.bars;
    expect((second?.endX ?? 0) - 22).toBeCloseTo(((first?.endX ?? 0) - 22) * 0.4);
    expect(first?.endX).toBeCloseTo(300 - 44);
  });

  it('stacks the levels without gaps or overlap', () => {
    expect(marks.bars.every(({ segments }) => segments.length === 3)).toBe(true);
    for (const { segments } of marks.bars)
      for (const [i, segment] of segments.entries()) {
        const next = segments[i + 1];
        if (next !== undefined) expect(segment.x + segment.width + 1).toBeCloseTo(next.x);
      }
  });
});
