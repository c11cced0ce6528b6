/**
 * The inner loops of `core/tensor` in WebAssembly, two float64 at a time, bit by bit the same. They share one memory that
 * grows to what the largest call needs.
 */
import { giveTensorKernels, type Rotations, type TensorKernels } from '../../core/tensor/kernels.ts';
import { tensorLoops } from './module.ts';

interface Exports {
  readonly product: (
    m: number,
    n: number,
    k: number,
    a: number,
    b: number,
    c: number,
    lower: boolean,
    panel: number,
  ) => void;
  readonly tridiagonalize: (
    n: number,
    a: number,
    diagonal: number,
    off: number,
    reflections: number,
    scales: number,
    work: number,
  ) => void;
  readonly rotate: (
    z: number,
    n: number,
    columns: number,
    rows: number,
    pairs: number,
    count: number,
  ) => void;
  readonly reflect: (z: number, n: number, reflections: number, scales: number) => void;
}

const pageBytes = 2 ** 16;
const wordBytes = 8;
/** Columns that the loops take at once. */
const width = 8;
/** As the core cuts its sums. */
const piece = 512;
/** 512 MiB: the same arrays stand outside too, and the memory is kept. */
const mostWords = 2 ** 26;
/** Rotations that are kept before they are done together. */
const mostKept = 2 ** 16;

/** Hands the loops to the core of this thread, where there is WebAssembly; nothing needs to wait for it. */
export async function hastenTensors(): Promise<void> {
  giveTensorKernels(await createTensorKernels().catch(() => null));
}

/** @returns null where WebAssembly or its SIMD is missing */
export async function createTensorKernels(): Promise<TensorKernels | null> {
  if (typeof WebAssembly === 'undefined') return null;
  const bytes = Uint8Array.from(atob(tensorLoops), (letter) => letter.codePointAt(0) ?? 0);
  if (!WebAssembly.validate(bytes)) return null;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const loops = instance.exports as unknown as Exports;
  /** Room for so many words one after the other; @returns where each begins, and all memory as words */
  const room = (...sizes: readonly number[]) => {
    let at = 0;
    const addresses = sizes.map((words) => {
      const here = at;
      at += Math.ceil(words) * wordBytes;
      return here;
    });
    const missing = Math.ceil((at - memory.buffer.byteLength) / pageBytes);
    if (missing > 0) memory.grow(missing);
    return { addresses, words: new Float64Array(memory.buffer) };
  };
  return {
    product: ({ m, n, k }, x, a, y, b, c, to, lower) => {
      const same = x === y && a === b && m === n;
      const panel = width * Math.min(k, piece) + 2 * width;
      const sizes = [m * k, same ? 0 : n * k, m * n, panel];
      if (sizes.reduce((sum, size) => sum + size, 0) > mostWords) return false;
      const { addresses, words } = room(...sizes);
      const [atA = 0, atB = 0, atC = 0, atPanel = 0] = addresses;
      words.set(x.subarray(a, a + m * k), atA / wordBytes);
      if (!same) words.set(y.subarray(b, b + n * k), atB / wordBytes);
      words.set(c.subarray(to, to + m * n), atC / wordBytes);
      loops.product(m, n, k, atA, same ? atA : atB, atC, lower, atPanel);
      c.set(words.subarray(atC / wordBytes, atC / wordBytes + m * n), to);
      return true;
    },
    tridiagonalize: (n, a) => {
      const { addresses, words } = room(n * n, n, n, n * n, n, 4 * n);
      const [atA = 0, diagonal = 0, off = 0, reflections = 0, scales = 0, work = 0] = addresses;
      words.fill(0, diagonal / wordBytes, work / wordBytes);
      words.set(a, atA / wordBytes);
      loops.tridiagonalize(n, atA, diagonal, off, reflections, scales, work);
      const taken = (at: number, count: number): Float64Array =>
        words.slice(at / wordBytes, at / wordBytes + count);
      return {
        diagonal: taken(diagonal, n),
        off: taken(off, n),
        reflections: taken(reflections, n * n),
        scales: taken(scales, n),
      };
    },
    rotations: (n): Rotations => {
      const columns = Math.ceil(n / width) * width;
      const { addresses, words } = room(columns * n, 2 * mostKept, mostKept / 2);
      const [z = 0, pairs = 0, rows = 0] = addresses;
      const place = (row: number, column: number): number =>
        Math.floor(column / width) * n * width + row * width + (column % width);
      words.fill(0, z / wordBytes, z / wordBytes + columns * n);
      for (let i = 0; i < n; i++) words[z / wordBytes + place(i, i)] = 1;
      const kept = new Int32Array(memory.buffer, rows, mostKept);
      const firstPair = pairs / wordBytes;
      let count = 0;
      const flush = (): void => {
        loops.rotate(z, n, columns, rows, pairs, count);
        count = 0;
      };
      return {
        rotate: (i, sine, cosine) => {
          kept[count] = i;
          words[firstPair + 2 * count] = sine;
          words[firstPair + 2 * count + 1] = cosine;
          count += 1;
          if (count === mostKept) flush();
        },
        finish: () => {
          flush();
          const result = new Float64Array(n * n);
          for (let row = 0; row < n; row++)
            for (let column = 0; column < n; column++)
              result[row * n + column] = words[z / wordBytes + place(row, column)]!;
          return result;
        },
      };
    },
    reflect: (vectors, n, reflections, scales) => {
      const { addresses, words } = room(n * n, n, width * n);
      const [atReflections = 0, atScales = 0, z = 0] = addresses;
      words.set(reflections, atReflections / wordBytes);
      words.set(scales, atScales / wordBytes);
      const first = z / wordBytes;
      const count = vectors.length / n;
      for (let row = 0; row < count; row += width) {
        const valid = Math.min(width, count - row);
        for (let r = 0; r < valid; r++)
          for (let i = 0; i < n; i++) words[first + i * width + r] = vectors[(row + r) * n + i]!;
        loops.reflect(z, n, atReflections, atScales);
        for (let r = 0; r < valid; r++)
          for (let i = 0; i < n; i++) vectors[(row + r) * n + i] = words[first + i * width + r]!;
      }
    },
  };
}
