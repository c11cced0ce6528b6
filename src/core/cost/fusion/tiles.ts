/**
 * Tiles of one product as bounds: what one iteration of shared loops costs at least, all operands at the innermost levels
 * that may hold them and taking no room. A floor at once; the best mapping only where a bound near the standing asks for it.
 */
import type { Gemm } from '../mapping.ts';
import type { Point } from './trade.ts';

export interface TileBound {
  readonly floor: Point;
  /** No mapping has less energy + price x cycles. */
  readonly bound: (price: number) => number;
  /** Makes the bound at a price the best there is. */
  readonly ask: (price: number) => void;
}

/** Tiles of the product by their extents and by how often each word of the result is come back to. */
export type Tiles = (m: number, n: number, k: number, batch: number, revisits: number) => TileBound;

/** How tiles of one product are bounded. */
export interface TileSource {
  readonly floorOf: (tile: Gemm) => Point;
  readonly partOf: (tile: Gemm, revisits: number) => Pick<TileBound, 'bound' | 'ask'>;
}

export function createTiles(gemm: Gemm, { floorOf, partOf }: TileSource): Tiles {
  const byRevisits = new Map<number, Map<number, TileBound>>();
  const create = (tile: Gemm, revisits: number): TileBound => {
    const floor = floorOf(tile);
    let part: Pick<TileBound, 'bound' | 'ask'> | null = null;
    return {
      floor,
      bound: (price) => (part === null ? floor.energyPj + price * floor.cycles : part.bound(price)),
      ask: (price) => {
        part ??= partOf(tile, revisits);
        part.ask(price);
      },
    };
  };
  return (m, n, k, batch, revisits) => {
    let known = byRevisits.get(revisits);
    if (known === undefined) byRevisits.set(revisits, (known = new Map()));
    // Below the number of MACs, so a safe integer.
    const key = (((m - 1) * gemm.n + n - 1) * gemm.k + k - 1) * gemm.batch + batch - 1;
    let tile = known.get(key);
    if (tile === undefined) known.set(key, (tile = create({ ...gemm, m, n, k, batch }, revisits)));
    return tile;
  };
}
