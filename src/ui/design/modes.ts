/** Small steps between tensorizations of one side. */

/** Splits the largest mode that can be split into its two most equal factors; null when all are prime. */
export function splitModes(modes: readonly number[]): readonly number[] | null {
  const order = modes.map((_, i) => i).toSorted((a, b) => (modes[b] ?? 0) - (modes[a] ?? 0));
  for (const i of order) {
    const mode = modes[i] ?? 1;
    for (let small = Math.floor(Math.sqrt(mode)); small > 1; small--)
      if (mode % small === 0) return modes.toSpliced(i, 1, small, mode / small);
  }
  return null;
}

/** Merges the two neighbours with the smallest product; null when fewer than three are left. */
export function mergeModes(modes: readonly number[]): readonly number[] | null {
  if (modes.length < 3) return null;
  let best = 0;
  const product = (i: number): number => (modes[i] ?? 1) * (modes[i + 1] ?? 1);
  for (let i = 1; i + 1 < modes.length; i++) if (product(i) < product(best)) best = i;
  return modes.toSpliced(best, 2, product(best));
}

/** The neighbour in the list of all shapes, around the ends. */
export function stepModes(
  all: readonly (readonly number[])[],
  at: number,
  step: 1 | -1,
): readonly number[] | null {
  if (all.length === 0) return null;
  const from = at < 0 ? (step === 1 ? -1 : 0) : at;
  return all[(from + step + all.length) % all.length] ?? null;
}

/** What is wrong with typed modes, naming both products; null when they multiply to the extent. */
export function productProblem(typed: readonly (number | null)[], extent: number): string | null {
  const modes = typed.filter((mode) => mode !== null);
  if (modes.length < typed.length) return `whole numbers, 1 to ${extent}`;
  const product = modes.reduce((all, mode) => all * mode, 1);
  return product === extent ? null : `${modes.join(' × ')} = ${product}, need ${extent}`;
}
