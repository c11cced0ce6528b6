import { describe, expect, it } from 'vitest';
import { check, InputError, invariant } from './checks.ts';

describe('InputError', () => {
  it('names subject, rule and value in one line', () => {
    expect(new InputError('rank', 'must be positive', -3).message).toBe('rank: must be positive, got -3');
    expect(new InputError('einsum', 'needs an arrow').message).toBe('einsum: needs an arrow');
    expect(new InputError('model', 'must be known', 'bart').message).toBe('model: must be known, got "bart"');
  });

  it('shows any value shortly, cyclic and huge ones too', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    expect(new InputError('link', 'must be sound', cyclic).message).toBe(
      'link: must be sound, got [object Object]',
    );
    expect(new InputError('link', 'must be short', 'x'.repeat(500)).message.length).toBeLessThan(120);
    expect(new InputError('size', 'must fit', 2n ** 63n).message).toBe(
      'size: must fit, got 9223372036854775808',
    );
  });
});

describe('checks', () => {
  it('throw the kind of error that fits', () => {
    expect(() => check(false, 'a', 'b')).toThrow(InputError);
    expect(() => invariant(false, 'a tree has a root')).toThrow('internal: a tree has a root');
  });
});
