/**
 * The divisors of one extent as a lattice: ascending values, and who divides whom. The divisors below any bound are a
 * prefix of the list and closed under division; everything the mapper does with tiles happens on such prefixes.
 */
export interface Lattice {
  readonly extent: number;
  /** Ascending, from 1 to the extent. */
  readonly divisors: Float64Array;
  readonly inverse: Float64Array;
  readonly count: number;
  /** For divisor i: indices of i / p for every prime p that divides it, at `lowerStart[i]` up to `lowerStart[i + 1]`. */
  readonly lowerStart: Int32Array;
  readonly lower: Int32Array;
  /** For divisor i: indices of i * p for every prime p such that i * p divides the extent. */
  readonly upperStart: Int32Array;
  readonly upper: Int32Array;
  /** For divisor i: indices of its divisors, ascending. */
  readonly belowStart: Int32Array;
  readonly below: Int32Array;
  /** For a prefix of c divisors: indices of those in it that divide no other in it. */
  readonly peaksStart: Int32Array;
  readonly peaks: Int32Array;
}

const lattices = new Map<number, Lattice>();
const mostLattices = 20_000;

/** The lattice of an extent (a safe integer >= 1); remembered, because mappings ask for the same few thousand. */
export function latticeOf(extent: number): Lattice {
  let found = lattices.get(extent);
  if (found === undefined) {
    if (lattices.size >= mostLattices) lattices.clear();
    found = buildLattice(extent);
    lattices.set(extent, found);
  }
  return found;
}

/** Distinct primes of n, ascending. */
export function primesOf(n: number): number[] {
  const primes: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p += p === 2 ? 1 : 2) {
    if (rest % p !== 0) continue;
    primes.push(p);
    while (rest % p === 0) rest /= p;
  }
  if (rest > 1) primes.push(rest);
  return primes;
}

function buildLattice(extent: number): Lattice {
  const primes = primesOf(extent);
  let values = [1];
  for (const p of primes) {
    const grown: number[] = [];
    for (let power = 1; extent % power === 0; power *= p)
      for (const value of values) grown.push(value * power);
    values = grown;
  }
  values.sort((a, b) => a - b);
  const indexOf = new Map(values.map((value, i) => [value, i]));
  const neighbours = (list: (value: number) => readonly number[]): [Int32Array, Int32Array] => {
    const start = new Int32Array(values.length + 1);
    const flat: number[] = [];
    values.forEach((value, i) => {
      for (const other of list(value)) flat.push(indexOf.get(other) ?? -1);
      start[i + 1] = flat.length;
    });
    return [start, Int32Array.from(flat)];
  };
  const [lowerStart, lower] = neighbours((v) => primes.filter((p) => v % p === 0).map((p) => v / p));
  const [upperStart, upper] = neighbours((v) => primes.map((p) => v * p).filter((up) => extent % up === 0));
  const peaksStart = new Int32Array(values.length + 2);
  const peaks: number[] = [];
  for (let c = 1; c <= values.length; c += 1) {
    for (let i = 0; i < c; i += 1) {
      let peak = true;
      for (let e = upperStart[i] as number; e < (upperStart[i + 1] as number); e += 1) {
        if ((upper[e] as number) < c) peak = false;
      }
      if (peak) peaks.push(i);
    }
    peaksStart[c + 1] = peaks.length;
  }
  const [belowStart, below] = neighbours((v) => values.filter((other) => v % other === 0));
  return {
    extent,
    divisors: Float64Array.from(values),
    inverse: Float64Array.from(values, (value) => 1 / value),
    count: values.length,
    lowerStart,
    lower,
    upperStart,
    upper,
    belowStart,
    below,
    peaksStart,
    peaks: Int32Array.from(peaks),
  };
}
