/**
 * Pictures as a vision model's graph takes them: [N, C, H, W], [N, H, W, C] or [N, H, W], resized, cut out, scaled and
 * normalized as the model's preprocessor_config.json says (Hugging Face's image processors), else by stated defaults.
 */
import { InputError, check } from '../base/checks.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { declaredInputs, typeText, type Declared } from '../onnx/user-inputs.ts';
import type { NpyArray } from '../workload/npy.ts';
import { centred, coloured, grey, resampleName, resized, type Picture } from './resize.ts';

export interface PictureGraph {
  readonly input: Declared;
  readonly layout: 'channels-first' | 'channels-last' | 'no-channels';
  readonly channels: 1 | 3;
  /** Null where the graph leaves it open. */
  readonly height: number | null;
  readonly width: number | null;
}

/** Null where no input takes pictures. @throws InputError when the graph takes something else besides */
export function pictureGraph(model: OnnxModel): PictureGraph | null {
  const wanted = declaredInputs(model);
  const found = wanted.flatMap((input) => pictureInput(input) ?? []);
  const [only] = found;
  if (only === undefined) return null;
  const other = wanted.find((input) => input !== only.input);
  if (other !== undefined)
    throw new InputError(
      'inputs',
      `${other.name} (${typeText(other)}) cannot be made from pictures; give arrays (.npz)`,
    );
  return only;
}

function pictureInput(input: Declared): PictureGraph | null {
  const { shape, dtype } = input;
  if (shape === null || !dtype.startsWith('F')) return null;
  const extent = (axis: number): number | null => {
    const value = shape[axis];
    return typeof value === 'number' ? value : null;
  };
  const named = (axis: number): string => String(shape[axis] ?? '');
  if (shape.length === 3) {
    const [height, width] = [extent(1), extent(2)];
    // [batch, tokens, width] of hidden states looks alike: only fixed sides that could be a picture's.
    const isPicture = /image|pixel|picture/i.test(input.name) || /height/i.test(named(1));
    return isPicture ? { input, layout: 'no-channels', channels: 1, height, width } : null;
  }
  if (shape.length !== 4) return null;
  const last = extent(3);
  const isLast = (last === 1 || last === 3) && ![1, 3].includes(extent(1) ?? 0) && !/channel/i.test(named(1));
  const channels = isLast ? last : (extent(1) ?? 3);
  check(
    channels === 1 || channels === 3,
    'inputs',
    `${input.name} must have 1 or 3 channels to take pictures`,
    channels,
  );
  const [height, width] = isLast ? [extent(1), extent(2)] : [extent(2), extent(3)];
  return { input, layout: isLast ? 'channels-last' : 'channels-first', channels, height, width };
}

/** What is done to every picture. */
export interface Preprocessing {
  readonly resize: { readonly width: number; readonly height: number } | { readonly shortest: number } | null;
  /** Pillow's number of the filter. */
  readonly resample: number;
  readonly crop: { readonly width: number; readonly height: number } | null;
  /** Bytes are multiplied by it. */
  readonly scale: number;
  /** One a channel; null for none. */
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
}

/** ImageNet's (torchvision.models: normalized with these). */
const usualMean = [0.485, 0.456, 0.406];
const usualStd = [0.229, 0.224, 0.225];
/** As most vision transformers take them. */
const usualSide = 224;
const bilinear = 2;
const byteScale = 1 / 255;
const mostSide = 4096;

type Fields = Readonly<Record<string, unknown>>;

const configName = 'preprocessor_config.json';

/**
 * @param config parsed preprocessor_config.json, or undefined
 * @param model parsed config.json, whose `image_size` is taken where nothing else tells
 * @throws InputError that names the field
 */
export function preprocessingOf(graph: PictureGraph, config: unknown, model?: unknown): Preprocessing {
  if (config === undefined) {
    const side = sideOf(model) ?? usualSide;
    const resize = { width: graph.width ?? side, height: graph.height ?? side };
    const usual = graph.channels === 3;
    return {
      resize,
      resample: bilinear,
      crop: null,
      scale: byteScale,
      mean: usual ? usualMean : null,
      std: usual ? usualStd : null,
    };
  }
  check(
    typeof config === 'object' && config !== null && !Array.isArray(config),
    configName,
    'must be a JSON object',
    config,
  );
  const fields = config as Fields;
  const on = (name: string): boolean => fields[name] !== false && fields[name] !== null;
  const cuts = fields['do_center_crop'] === true;
  const size = on('do_resize')
    ? sizeOf(fields['size'] ?? usualSide, 'size', cuts ? 'shortest' : 'square')
    : null;
  // Cutting out is off unless it is asked for.
  const crop = cuts
    ? sizeOf(fields['crop_size'] ?? fields['size'] ?? usualSide, 'crop_size', 'square')
    : null;
  check(
    crop === null || 'width' in crop,
    configName,
    'crop_size must have width and height',
    fields['crop_size'],
  );
  const normalized = on('do_normalize');
  return {
    resize: size,
    resample: wholeOf(fields['resample'] ?? bilinear, 'resample', 0, 5),
    crop,
    scale: on('do_rescale') ? numberOf(fields['rescale_factor'] ?? byteScale, 'rescale_factor') : 1,
    mean: normalized ? perChannel(fields['image_mean'] ?? 0.5, 'image_mean', graph.channels) : null,
    std: normalized ? perChannel(fields['image_std'] ?? 0.5, 'image_std', graph.channels) : null,
  };
}

/** Of a model's config.json. */
function sideOf(model: unknown): number | null {
  const { image_size: side } = typeof model === 'object' && model !== null ? (model as Fields) : {};
  return typeof side === 'number' && Number.isInteger(side) && side >= 1 && side <= mostSide ? side : null;
}

/** @param plain what a mere number means: of old the shortest side where a part is cut out afterwards */
function sizeOf(
  value: unknown,
  name: 'size' | 'crop_size',
  plain: 'square' | 'shortest',
): NonNullable<Preprocessing['resize']> {
  const side = (given: unknown, part: string): number => wholeOf(given, `${name}${part}`, 1, mostSide);
  if (typeof value !== 'object' || value === null) {
    const edge = side(value, '');
    return plain === 'square' ? { width: edge, height: edge } : { shortest: edge };
  }
  const { height, width, shortest_edge: shortest } = value as Fields;
  if (name === 'size' && shortest !== undefined && height === undefined)
    return { shortest: side(shortest, '.shortest_edge') };
  const edge = shortest === undefined ? undefined : side(shortest, '.shortest_edge');
  return { width: edge ?? side(width, '.width'), height: edge ?? side(height, '.height') };
}

function wholeOf(value: unknown, name: string, least: number, most: number): number {
  check(
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most,
    configName,
    `${name} must be a whole number from ${least} to ${most}`,
    value ?? null,
  );
  return value;
}

function numberOf(value: unknown, name: string): number {
  check(
    typeof value === 'number' && Number.isFinite(value),
    configName,
    `${name} must be a number`,
    value ?? null,
  );
  return value;
}

function perChannel(value: unknown, name: string, channels: number): readonly number[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const numbers = given.map((each) => numberOf(each, name));
  check(
    numbers.length === 1 || numbers.length >= channels,
    configName,
    `${name} must have one number a channel (${channels})`,
    numbers.length,
  );
  if (name === 'image_std')
    check(
      numbers.every((each) => each > 0),
      configName,
      `${name} must be above 0`,
      numbers,
    );
  return Array.from({ length: channels }, (_, c) => numbers[c] ?? numbers[0] ?? 0);
}

/** For people: `resized to 224 x 224 (bilinear), mean 0.5 0.5 0.5, std ...`. */
export function sayPreprocessing({ resize, resample, crop, mean, std }: Preprocessing): string {
  const size =
    resize === null
      ? 'not resized'
      : `resized ${'shortest' in resize ? `to ${resize.shortest} on the shorter side` : `to ${resize.width} x ${resize.height}`} (${resampleName(resample)})`;
  const cut = crop === null ? '' : `, cut to ${crop.width} x ${crop.height}`;
  const shift =
    mean === null || std === null ? ', not normalized' : `, mean ${mean.join(' ')}, std ${std.join(' ')}`;
  return `${size}${cut}${shift}`;
}

/** One picture prepared: [height, width, channels] numbers in bytes still. */
export function prepared(picture: Picture, graph: PictureGraph, how: Preprocessing): Picture {
  const own = graph.channels === 1 ? grey(picture) : coloured(picture);
  const { resize, crop, resample } = how;
  const whole =
    resize === null
      ? own
      : 'shortest' in resize
        ? toShortest(own, resize.shortest, resample)
        : resized(own, resize.width, resize.height, resample);
  return crop === null ? whole : centred(whole, crop.width, crop.height);
}

function toShortest(picture: Picture, shortest: number, resample: number): Picture {
  const { width, height } = picture;
  const least = Math.min(width, height);
  const other = (side: number): number => (side === least ? shortest : Math.trunc((shortest * side) / least));
  return resized(picture, Math.min(mostSide, other(width)), Math.min(mostSide, other(height)), resample);
}

/** Float64 values held at once: 512 MB. */
const mostElements = 2 ** 26;

/** So many pictures of this size are held. */
export const mostPictures = ({ width, height, channels }: Picture): number =>
  Math.max(1, Math.floor(mostElements / (width * height * channels)));

/** Collects pictures of one size into the graph's array. @throws InputError for one of another size than the first, or than the graph's */
export function pictureCollector(graph: PictureGraph, how: Preprocessing, count: number) {
  let size: Picture | null = null;
  let values = new Float64Array();
  let done = 0;
  return {
    add: (picture: Picture, name: string): void => {
      const { width, height, channels } = picture;
      if (size === null) {
        size = picture;
        checkSide(graph.width, width, 'wide', name);
        checkSide(graph.height, height, 'high', name);
        values = new Float64Array(count * width * height * channels);
      }
      check(
        width === size.width && height === size.height,
        name,
        `must be ${size.width} x ${size.height} as those before; resize in ${configName} makes them alike`,
        [width, height],
      );
      const pixels = width * height;
      const start = done * pixels * channels;
      for (let c = 0; c < channels; c++) {
        const [mean, std] = [how.mean?.[c] ?? 0, how.std?.[c] ?? 1];
        for (let k = 0; k < pixels; k++) {
          const at = graph.layout === 'channels-first' ? c * pixels + k : k * channels + c;
          values[start + at] = (picture.values[k * channels + c]! * how.scale - mean) / std;
        }
      }
      done += 1;
    },
    array: (): NpyArray => {
      const { width = 0, height = 0, channels = 1 } = size ?? {};
      const shape =
        graph.layout === 'no-channels'
          ? [done, height, width]
          : graph.layout === 'channels-first'
            ? [done, channels, height, width]
            : [done, height, width, channels];
      return { dtype: 'F32', shape, values };
    },
  };
}

function checkSide(wanted: number | null, given: number, word: string, name: string): void {
  check(
    wanted === null || wanted === given,
    name,
    `must be ${wanted} ${word}, as the graph takes it; ${configName} makes it otherwise`,
    given,
  );
}
