/**
 * Pictures from the bytes of PNG and JPEG files, through fast-png and jpeg-js: the same numbers in a browser and in Node,
 * whatever the screen. Alpha is left out, as Pillow's convert("RGB") does.
 */
import { InputError, check } from '../../core/base/checks.ts';
import type { Picture } from '../../core/examples/resize.ts';

/** A picture of more is not unpacked. */
const mostPixels = 2 ** 26;
const mostJpegMegabytes = 1024;

const starts = {
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  jpeg: [0xff, 0xd8, 0xff],
} as const;

/** @throws InputError that names the file, for what is no sound PNG or JPEG */
export async function decodePicture(name: string, bytes: Uint8Array): Promise<Picture> {
  const is = (kind: keyof typeof starts): boolean => starts[kind].every((byte, k) => bytes[k] === byte);
  check(is('png') || is('jpeg'), name, 'must be a PNG or JPEG picture');
  try {
    return await (is('png') ? png(name, bytes) : jpeg(bytes));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      name,
      'must be a sound picture (is it cut off?)',
      error instanceof Error ? error.message : String(error),
    );
  }
}

async function png(name: string, bytes: Uint8Array): Promise<Picture> {
  const { decode, convertIndexedToRgb } = await import('fast-png');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [wide, tall] = [view.getUint32(16), view.getUint32(20)];
  check(wide * tall <= mostPixels && wide * tall > 0, name, `must have at most ${mostPixels} pixels`, [
    wide,
    tall,
  ]);
  const decoded = decode(bytes, { checkCrc: true });
  const { width, height, depth } = decoded;
  const pixels = width * height;
  if (decoded.palette !== undefined) {
    const data = convertIndexedToRgb(decoded);
    return { width, height, channels: 3, values: taken(data, data.length / pixels, 3, pixels, 8) };
  }
  const { channels, data } = decoded;
  // Two channels are grey and alpha, four are colours and alpha.
  const kept = channels >= 3 ? 3 : 1;
  const flat = depth < 8 ? unpacked(data, width, height, depth) : data;
  return { width, height, channels: kept, values: taken(flat, channels, kept, pixels, depth) };
}

/** The first `kept` of each pixel's channels, as bytes. */
function taken(
  data: ArrayLike<number>,
  channels: number,
  kept: number,
  pixels: number,
  depth: number,
): Uint8Array {
  const scale = 255 / (2 ** depth - 1);
  const values = new Uint8Array(pixels * kept);
  for (let k = 0; k < pixels; k++)
    for (let c = 0; c < kept; c++) values[k * kept + c] = Math.round(data[k * channels + c]! * scale);
  return values;
}

/** Grey pixels of 1, 2 or 4 bits; every row begins with a byte. */
function unpacked(data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  if (data.length === width * height) return Uint8Array.from(data);
  const row = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, k) => {
    const [x, y] = [k % width, Math.floor(k / width)];
    const bit = x * depth;
    return (data[y * row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  });
}

async function jpeg(bytes: Uint8Array): Promise<Picture> {
  const { decode } = await import('jpeg-js');
  const { width, height, data } = decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: mostPixels / 1e6,
    maxMemoryUsageInMB: mostJpegMegabytes,
  });
  return { width, height, channels: 3, values: data };
}
