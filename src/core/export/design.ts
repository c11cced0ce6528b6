/**
 * A design for the layers of a model file: a design file `{layers: [{name, format, outModes, inModes, ranks}]}` or the
 * layers of a link, matched by name. Layers that are not named stay as they are.
 */
import { InputError, check } from '../base/checks.ts';
import { formats, type Factorization, type Format } from '../factor/factorization.ts';
import { checkFactorization, denseFactorization } from '../factor/ranks.ts';

export interface DesignLayer {
  readonly name: string;
  readonly factorization: Factorization;
}

const subject = 'design';
const mostLayers = 10_000;

/** @throws InputError that names the layer and what is wrong with it */
export function parseDesign(given: unknown): readonly DesignLayer[] {
  const layers = isRecord(given) ? given['layers'] : undefined;
  check(
    Array.isArray(layers),
    subject,
    'must be an object {layers: [{name, format, outModes, inModes, ranks}]}',
  );
  check(layers.length >= 1, subject, 'must have at least one layer', 0);
  check(layers.length <= mostLayers, subject, `must have at most ${mostLayers} layers`, layers.length);
  const seen = new Set<string>();
  return layers.map((each: unknown, at): DesignLayer => {
    check(isRecord(each), subject, `layer ${at} must be an object`, each);
    const name = each['name'] ?? each['layer'];
    check(typeof name === 'string' && name !== '', subject, `layer ${at} must have a name`, name);
    check(!seen.has(name), subject, 'must name each layer once', name);
    seen.add(name);
    return { name, factorization: parseFactorization(name, each) };
  });
}

function parseFactorization(name: string, given: Readonly<Record<string, unknown>>): Factorization {
  const format = formats.find((each: Format) => each === given['format']);
  if (format === undefined)
    throw new InputError(
      subject,
      `layer ${name}: format must be one of ${formats.join(', ')}`,
      given['format'],
    );
  const numbers = (key: string): readonly number[] => {
    const value = given[key] ?? [];
    check(
      Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 1),
      subject,
      `layer ${name}: ${key} must be a list of positive integers`,
      value,
    );
    return value as number[];
  };
  return {
    format,
    outModes: numbers('outModes'),
    inModes: numbers('inModes'),
    ranks: numbers('ranks'),
  };
}

export interface Shaped {
  readonly name: string;
  readonly weight: string;
  readonly out: number;
  readonly in: number;
}

export interface Chosen<L extends Shaped> {
  readonly layer: L;
  /** Checked against the layer. */
  readonly factorization: Factorization;
}

/**
 * The model's layers that a design names, in the model's order. Without modes, dense and svd have the whole sides.
 * @throws InputError for a name that the model does not have, or a factorization that does not fit its layer
 */
export function matchDesign<L extends Shaped>(
  design: readonly DesignLayer[],
  layers: readonly L[],
): readonly Chosen<L>[] {
  const chosen = new Map<L, Chosen<L>>();
  for (const { name, factorization } of design) {
    const layer = layers.find((each) => each.name === name) ?? layers.find((each) => each.weight === name);
    if (layer === undefined) {
      const known = layers.slice(0, 5).map((each) => each.name);
      const more =
        layers.length > known.length ? `, ... (${layers.length} in all; rankscape info lists them)` : '';
      throw new InputError(subject, `layer must be one of the model's: ${known.join(', ')}${more}`, name);
    }
    check(!chosen.has(layer), subject, `names layer ${layer.name} twice`, name);
    chosen.set(layer, { layer, factorization: fitting(layer, factorization) });
  }
  return layers.flatMap((layer) => chosen.get(layer) ?? []);
}

function fitting(layer: Shaped, f: Factorization): Factorization {
  const { out, in: inside } = layer;
  const whole = f.outModes.length === 0 && f.inModes.length === 0;
  const filled = whole ? { ...f, outModes: [out], inModes: [inside] } : f;
  try {
    if (f.format === 'dense' && whole) return denseFactorization(out, inside);
    return checkFactorization(filled, out, inside);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      subject,
      `layer ${layer.name} [${out}, ${inside}]: ${error.subject}: ${error.rule}`,
      error.value,
    );
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
