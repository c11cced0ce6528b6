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
  /** For divisor i: indices of its next smaller ones, i / p for every prime p that divides it, at `lowerStart[i]` up to `lowerStart[i + 1]`. */
  readonly lowerStart: Int32Array;
  readonly lower: Int32Array;
  /** For divisor i: indices of its next larger ones, i * p. */
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
    found = buildLattice(extent, chainsOf(extent));
    lattices.set(extent, found);
  }
  return found;
}

const thinned = new Map<number, Lattice>();

const mostThinned = 8;

/**
 * A lattice of at most 8 of the extent's divisors, still a product of chains: of each prime's powers some are left out,
 * the extent itself never.
 */
export function thinLatticeOf(extent: number): Lattice {
  let found = thinned.get(extent);
  if (found === undefined) {
    const whole = latticeOf(extent);
    found = whole.count <= mostThinned ? whole : buildLattice(extent, thinChains(extent, mostThinned));
    if (thinned.size >= mostLattices) thinned.clear();
    thinned.set(extent, found);
  }
  return found;
}

/** Per prime the powers that stay, 1 and the largest among them; the longest chain loses every other one first. */
function thinChains(extent: number, most: number): number[][] {
  const chains = chainsOf(extent);
  for (;;) {
    const count = chains.reduce((all, chain) => all * chain.length, 1);
    if (count <= most) return chains;
    const longest = chains.reduce((a, b) => (b.length > a.length ? b : a));
    if (longest.length <= 2) {
      // Primes go together: their product is one step.
      const [first = [1], second = [1], ...others] = [...chains].sort((a, b) => a.length - b.length);
      chains.splice(0, chains.length, [1, (first.at(-1) ?? 1) * (second.at(-1) ?? 1)], ...others);
      continue;
    }
    const last = longest.length - 1;
    longest.splice(0, longest.length, ...longest.filter((_, i) => i === 0 || (last - i) % 2 === 0));
  }
}

/** [1, p, p^2, ...] for every prime p of the extent. */
function chainsOf(extent: number): number[][] {
  return primesOf(extent).map((p) => {
    const chain: number[] = [];
    for (let power = 1; extent % power === 0; power *= p) chain.push(power);
    return chain;
  });
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

/** The products of one element of each chain; in each chain an element divides the next. */
function buildLattice(extent: number, chains: readonly (readonly number[])[]): Lattice {
  let values = [1];
  for (const chain of chains) values = values.flatMap((value) => chain.map((power) => value * power));
  values.sort((a, b) => a - b);
  const indexOf = new Map(values.map((value, i) => [value, i]));
  /** The element one step along one chain from v, for every chain that has it. */
  const steps = (v: number, by: 1 | -1): number[] =>
    chains.flatMap((chain) => {
      const at = chain.findLastIndex((power) => v % power === 0);
      const next = chain[at + by];
      return next === undefined ? [] : [(v / (chain[at] ?? 1)) * next];
    });
  const neighbours = (list: (value: number) => readonly number[]): [Int32Array, Int32Array] => {
    const start = new Int32Array(values.length + 1);
    const flat: number[] = [];
    values.forEach((value, i) => {
      for (const other of list(value)) flat.push(indexOf.get(other) ?? -1);
      start[i + 1] = flat.length;
    });
    return [start, Int32Array.from(flat)];
  };
  const [lowerStart, lower] = neighbours((v) => steps(v, -1));
  const [upperStart, upper] = neighbours((v) => steps(v, 1));
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
