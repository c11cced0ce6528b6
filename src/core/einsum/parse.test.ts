import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { reference } from '../base/reference.ts';
import { parseEinsum, printEinsum } from './parse.ts';

interface Verdict {
  readonly ok: boolean;
  readonly shape?: readonly number[];
}
interface Row {
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
  readonly note: string;
  readonly numpy: Verdict | null;
  readonly opt_einsum: Verdict | null;
}

const table = reference<{ cases: readonly Row[] }>('einsum_errors.json');

const outputShape = (equation: string, shapes: readonly (readonly number[])[]): (number | undefined)[] => {
  const einsum = parseEinsum(equation, shapes);
  return einsum.output.map((label) => einsum.extents.get(label));
};

describe.skipIf(table === null)('what numpy and opt_einsum agree on (reference table)', () => {
  for (const row of table?.cases ?? []) {
    const accepted = row.numpy?.ok === true && row.opt_einsum?.ok === true;
    it(`${accepted ? 'accepts' : 'rejects'} ${JSON.stringify(row.equation)} (${row.note})`, () => {
      if (accepted) expect(outputShape(row.equation, row.shapes)).toEqual(row.opt_einsum?.shape);
      else expect(() => parseEinsum(row.equation, row.shapes)).toThrow(InputError);
    });
  }
});

describe('parse', () => {
  const accepted: [string, number[][], number[]][] = [
    ['', [[]], []],
    [
      'aB,Bc',
      [
        [2, 3],
        [3, 4],
      ],
      [2, 4],
    ],
    ['ba', [[2, 3]], [3, 2]],
    ['aB', [[2, 3]], [3, 2]],
    ['...ij->...', [[5, 2, 3]], [5]],
    ['ij->...', [[2, 3]], []],
    ['i,j->...ij', [[2], [3]], [2, 3]],
    ['i...i', [[2, 3, 2]], [3]],
    [
      '...,...j->...j',
      [
        [1, 4],
        [3, 1, 2],
      ],
      [3, 4, 2],
    ],
    ['i,i->i', [[0], [1]], [0]],
    [
      'αβ,βж->αж',
      [
        [2, 3],
        [3, 4],
      ],
      [2, 4],
    ],
    ['𝒜b->b𝒜', [[2, 3]], [3, 2]],
    ['ii,i->i', [[1, 1], [3]], [3]],
  ];
  it.each(accepted)('accepts %j of %j', (equation, shapes, shape) => {
    expect(outputShape(equation, shapes)).toEqual(shape);
  });

  const rejected: [string, number[][], string][] = [
    [
      'i1,1j->ij',
      [
        [2, 3],
        [3, 4],
      ],
      'einsum: an index must be a letter, got "1" at position 1',
    ],
    [
      'ij;jk',
      [
        [2, 3],
        [3, 4],
      ],
      'einsum: an index must be a letter, got ";" at position 2',
    ],
    ['ij->ik', [[2, 3]], 'einsum: an output index must stand in an input, got "k" at position 5'],
    ['ij->ii', [[2, 3]], 'einsum: an output index must stand once, got "i" at position 5'],
    ['ij->i->', [[2, 3]], 'einsum: there must be at most one arrow, got "->" at position 5'],
    ['ij - > i', [[2, 3]], 'einsum: the arrow must be written ->, got " " at position 4'],
    ['ij->i,j', [[2, 3]], 'einsum: the output must be one term, got "," at position 5'],
    ['i. ..', [[2, 3]], 'einsum: an ellipsis must be three dots, got ". ." at position 1'],
    ['i......', [[2, 3]], 'einsum: a term must have at most one ellipsis, got "..." at position 4'],
    ['...i->i', [[2, 3]], 'einsum: the output must keep the ellipsis of the inputs, got "i" at position 6'],
    [
      'ij,jk',
      [
        [2, 3],
        [4, 5],
      ],
      'einsum: an index must have one extent, got j = 3 and 4 at position 3',
    ],
    [
      'ij,kk',
      [
        [2, 3],
        [4, 5],
      ],
      'einsum: a repeated index of one operand must keep its extent, got k = 4 and 5 at position 3',
    ],
    [
      'ij,k',
      [[2, 3], []],
      'einsum: a term must have one letter per axis, got 1 letters for a scalar at position 3',
    ],
    ['ij', [[2, -3]], 'einsum: extents must be whole numbers from 0, got shape [2,-3] at position 0'],
    [
      'ij,jk',
      [[2, 3]],
      'einsum: every term needs one operand and there must be one, got 1 shapes for 2 terms',
    ],
  ];
  it.each(rejected)('rejects %j of %j', (equation, shapes, message) => {
    expect(() => parseEinsum(equation, shapes)).toThrow(new InputError(...split(message)));
  });

  it('prints what it parsed, the implicit output made explicit', () => {
    const einsum = parseEinsum(' ij , jk ', [
      [2, 3],
      [3, 4],
    ]);
    expect(printEinsum(einsum)).toBe('ij,jk->ik');
    expect(
      parseEinsum(printEinsum(einsum), [
        [2, 3],
        [3, 4],
      ]),
    ).toEqual(einsum);
  });

  it('expands an ellipsis into letters that the equation does not use', () => {
    const einsum = parseEinsum('...ab->...ba', [[7, 8, 2, 3]]);
    expect(printEinsum(einsum)).toBe('cdab->cdba');
    expect(einsum.extents.get('d')).toBe(8);
  });
});

function split(message: string): [string, string] {
  const at = message.indexOf(': ');
  return [message.slice(0, at), message.slice(at + 2)];
}
