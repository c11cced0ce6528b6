/**
 * What a real device can do at most, as measured on it, and where a run stands below that: the roofline of Williams,
 * Waterman, Patterson (CACM 2009) with two figures, the best matrix product and the copy of a large array. FLOPs are
 * those of the multiplications (1 MAC = 2), bytes are what must move at least: every operand read and the result written
 * once, as float32. What stays in a cache may therefore run above the roof of a tiny layer.
 */
import type { Bytes, Macs } from '../base/units.ts';

export interface DeviceRoof {
  /** Of the best square matrix product, 10^9 FLOP a second, and the side of that product. */
  readonly gflops: number;
  readonly side: number;
  /** Read and written by a copy, 10^9 bytes a second, and the bytes of the array. */
  readonly gigabytes: number;
  readonly copied: Bytes;
  /** When it was measured, milliseconds since 1970. */
  readonly at: number;
}

/** 10^9 FLOP a second. */
export const gflopsOf = (macs: Macs, milliseconds: number): number => (2 * macs) / (milliseconds * 1e6);

/** Milliseconds below which the roof lets nothing run. */
export function leastMs({ gflops, gigabytes }: DeviceRoof, macs: Macs, bytes: Bytes): number {
  return Math.max((2 * macs) / (gflops * 1e6), bytes / (gigabytes * 1e6));
}
