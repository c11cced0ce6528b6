/**
 * Right answers as numbers: numbers as they stand, names by the model's `label2id`, and without one in alphabetical order,
 * as torchvision's ImageFolder counts its folders.
 */
import { InputError, check } from '../base/checks.ts';

/** Numbers of class names, of a model's config.json. */
export type ClassIds = ReadonlyMap<string, number>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `label2id`, or `id2label` turned around; null where a config has neither. */
export function classIdsOf(config: unknown): ClassIds | null {
  if (!isRecord(config)) return null;
  const { label2id, id2label } = config;
  const pairs = isRecord(label2id)
    ? Object.entries(label2id).map(([name, id]) => [name, Number(id)] as const)
    : isRecord(id2label)
      ? Object.entries(id2label).map(([id, name]) => [String(name), Number(id)] as const)
      : [];
  const sound = pairs.filter(([, id]) => Number.isSafeInteger(id) && id >= 0);
  return sound.length === 0 ? null : new Map(sound);
}

const wholeNumber = /^[+-]?\d{1,15}$/;

/**
 * @param subject where they stand, for messages
 * @throws InputError for a name that the config does not know, and for names beside numbers
 */
export function classNumbers(
  values: readonly unknown[],
  ids: ClassIds | null,
  subject: string,
): Float64Array {
  const texts = values.map((value) => {
    if (typeof value === 'number' || typeof value === 'string') return String(value).trim();
    throw new InputError(subject, 'must be numbers or names of classes', value ?? null);
  });
  const named = texts.filter((text) => !wholeNumber.test(text));
  if (ids !== null && named.length > 0)
    return Float64Array.from(texts, (text) => {
      const id = ids.get(text);
      check(id !== undefined, subject, `must be among the ${ids.size} classes of config.json`, text);
      return id;
    });
  if (named.length === 0) return Float64Array.from(texts, Number);
  check(named.length === texts.length, subject, 'must be either numbers or names', named[0]);
  const order = [...new Set(texts)].toSorted((a, b) => (a < b ? -1 : 1));
  check(order.length > 1, subject, 'must be of two classes at least, or have a config.json beside', order[0]);
  const places = new Map(order.map((text, k) => [text, k]));
  return Float64Array.from(texts, (text) => places.get(text) ?? 0);
}
