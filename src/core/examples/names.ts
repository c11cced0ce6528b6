/** Which of a person's files is what, by its name alone. */

/** Files of one role stand in for each other: the newest is taken. */
export type ExampleRole = 'arrays' | 'array' | 'table' | 'picture' | 'reader';

const roles: readonly (readonly [ExampleRole, RegExp])[] = [
  ['arrays', /\.npz$/i],
  ['array', /\.npy$/i],
  ['table', /\.(?:csv|tsv|jsonl|ndjson|txt)$/i],
  ['picture', /\.(?:png|jpe?g)$/i],
  ['reader', /^(?:tokenizer|tokenizer_config|preprocessor_config|config)\.json$/i],
];
/** Beside a tokenizer.json, which has all that they tell. */
const beside = /^(?:vocab|merges|readme|license)\.txt$/i;

export const lastName = (path: string): string => path.replace(/^.*[/\\]/, '');

/** Null for what is no example and does not tell how they are read. */
export function exampleRole(path: string): ExampleRole | null {
  const name = lastName(path);
  if (beside.test(name)) return null;
  return roles.find(([, pattern]) => pattern.test(name))?.[0] ?? null;
}

/** The files that count when more are given: examples of another role take the place of those before. */
export function withGiven<T extends { readonly name: string }>(
  before: readonly T[],
  added: readonly T[],
): readonly T[] {
  const given = new Set(added.map(({ name }) => exampleRole(name)));
  const isExamples = (role: ExampleRole | null): boolean => role !== 'reader' && role !== null;
  const names = new Set(added.map(({ name }) => lastName(name)));
  const kept = before.filter(({ name }) => {
    const role = exampleRole(name);
    if (role === 'reader') return !names.has(lastName(name));
    if (![...given].some(isExamples)) return true;
    // Pictures and the table of their labels may come one after the other.
    const pair =
      (role === 'picture' && given.has('table') && !given.has('picture')) ||
      (role === 'table' && given.has('picture') && !given.has('table'));
    return pair && ![...given].some((each) => each === 'arrays' || each === 'array');
  });
  return [...kept, ...added.filter(({ name }) => exampleRole(name) !== null)];
}
