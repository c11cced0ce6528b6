/**
 * Bytes that need not be in memory: `File.slice` in a worker, a file handle on the command line, an array in a test.
 */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; fewer mean that the source has become shorter than `size`. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}
