/**
 * The divisors of one extent as a lattice: ascending values, and who divides whom. The divisors below any bound are a
 * prefix of the list and closed under division; everything the mapper does with tiles happens on such prefixes.
 */
export interface Lattice {
  readonly extent: number;
  /** Whether every divisor of the extent is there. */
  readonly complete: boolean;
  /** Ascending, from 1 to the extent. */
  readonly divisors: Float64Array;
  readonly inverse: Float64Array;
  readonly count: number;
  /** For divisor i: indices of its next smaller ones, i / p for every prime p that divides it, from `lowerStart[i]` on. */
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

/** Beyond this many divisors some are left out, always: extents of trillions have thousands. */
const mostDivisors = 512;
const mostThinned = 8;
const mostRemembered = 20_000;

const lattices = new Map<number, Lattice>();
const thinLattices = new Map<number, Lattice>();

/** The lattice of an extent (a safe integer >= 1); remembered, because mappings ask for the same few thousand. */
export const latticeOf = (extent: number): Lattice => recall(lattices, extent, mostDivisors);

/** A lattice of at most 8 of the extent's divisors. */
export const thinLatticeOf = (extent: number): Lattice => recall(thinLattices, extent, mostThinned);

function recall(memory: Map<number, Lattice>, extent: number, most: number): Lattice {
  let found = memory.get(extent);
  if (found === undefined) {
    if (memory.size >= mostRemembered) memory.clear();
    found = buildLattice(extent, most);
    memory.set(extent, found);
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

const product = (lengths: readonly (readonly number[])[]): number =>
  lengths.reduce((all, { length }) => all * length, 1);

/** [1, p, p^2, ...] for every prime p of the extent. */
function chainsOf(extent: number): number[][] {
  return primesOf(extent).map((p) => {
    const chain: number[] = [];
    for (let power = 1; extent % power === 0; power *= p) chain.push(power);
    return chain;
  });
}

/**
 * Leaves out powers until the product of the chains has at most `most` elements: the longest chain loses every other one,
 * never its first or last; chains of two become one.
 */
function thinChains(chains: number[][], most: number): void {
  while (product(chains) > most) {
    const longest = chains.reduce((a, b) => (b.length > a.length ? b : a));
    const last = longest.length - 1;
    if (last > 1) {
      longest.splice(0, last + 1, ...longest.filter((_, i) => i === 0 || (last - i) % 2 === 0));
      continue;
    }
    const [first = [1], second = [1]] = chains.splice(0, 2);
    chains.push([1, (first.at(-1) ?? 1) * (second.at(-1) ?? 1)]);
  }
}

/** The products of one element of each chain of the extent's primes, thinned to at most `most`. */
function buildLattice(extent: number, most: number): Lattice {
  const chains = chainsOf(extent);
  const complete = product(chains) <= most;
  if (!complete) thinChains(chains, most);
  const count = product(chains);
  // By code: mixed radix digits are the places in the chains.
  const values = new Float64Array(count);
  values[0] = 1;
  let filled = 1;
  for (const chain of chains) {
    for (let place = chain.length - 1; place >= 0; place -= 1) {
      for (let i = 0; i < filled; i += 1)
        values[place * filled + i] = (values[i] as number) * (chain[place] as number);
    }
    filled *= chain.length;
  }
  const order = Int32Array.from({ length: count }, (_, code) => code).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  );
  const indexOf = new Int32Array(count);
  order.forEach((code, i) => (indexOf[code] = i));

  const lowerStart = new Int32Array(count + 1);
  const upperStart = new Int32Array(count + 1);
  const belowStart = new Int32Array(count + 1);
  const lower: number[] = [];
  const upper: number[] = [];
  const below: number[] = [];
  /** The smallest index above: where the divisor stops being a peak. */
  const covered = new Int32Array(count).fill(count + 1);
  const divisors = Float64Array.from(order, (code) => values[code] as number);
  for (let i = 0; i < count; i += 1) {
    const code = order[i] as number;
    let stride = 1;
    for (const { length } of chains) {
      const place = Math.floor(code / stride) % length;
      if (place > 0) lower.push(indexOf[code - stride] as number);
      if (place + 1 < length) {
        const up = indexOf[code + stride] as number;
        upper.push(up);
        if (up < (covered[i] as number)) covered[i] = up;
      }
      stride *= length;
    }
    const value = divisors[i] as number;
    for (let j = 0; j <= i; j += 1) if (value % (divisors[j] as number) === 0) below.push(j);
    lowerStart[i + 1] = lower.length;
    upperStart[i + 1] = upper.length;
    belowStart[i + 1] = below.length;
  }
  const peaksStart = new Int32Array(count + 2);
  const peaks: number[] = [];
  for (let c = 1; c <= count; c += 1) {
    for (let i = 0; i < c; i += 1) if ((covered[i] as number) >= c) peaks.push(i);
    peaksStart[c + 1] = peaks.length;
  }
  return {
    extent,
    complete,
    divisors,
    inverse: divisors.map((value) => 1 / value),
    count,
    lowerStart,
    lower: Int32Array.from(lower),
    upperStart,
    upper: Int32Array.from(upper),
    belowStart,
    below: Int32Array.from(below),
    peaksStart,
    peaks: Int32Array.from(peaks),
  };
}

/** The least ca / a + cb / b over divisors a and b with perA a + perB b + perBoth a b <= room; 1 and 1 must fit. */
export function leastOfTwo(
  ofA: Lattice,
  ofB: Lattice,
  ca: number,
  cb: number,
  perA: number,
  perB: number,
  perBoth: number,
  room: number,
): number {
  if (ca === 0 && cb === 0) return 0;
  let j = ofB.count - 1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ofA.count; i += 1) {
    const a = ofA.divisors[i] as number;
    const left = room - perA * a;
    const each = perB + perBoth * a;
    while (j >= 0 && each * (ofB.divisors[j] as number) > left) j -= 1;
    if (j < 0) break;
    const value = ca * (ofA.inverse[i] as number) + cb * (ofB.inverse[j] as number);
    if (value < least) least = value;
  }
  return least;
}
