/**
 * A loop nest edited by hand: a mapping whose bounds are the texts of fields. Every storage level shows one temporal loop
 * per dim, in order, and where it fans out one spatial loop per dim; a bound of 1 is no loop. It is a what-if: nothing
 * of it enters the config.
 */
import { InputError, check } from '../../core/base/checks.ts';
import { fanOut } from '../../core/cost/counts.ts';
import type { Accounting, Contraction, LevelLoops, Loop, Mapping } from '../../core/cost/mapping.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { countOn, type Stage, type StepCost } from './stage.ts';

export interface LoopText {
  readonly dim: string;
  readonly text: string;
}

export type LoopKind = 'temporal' | 'spatial';

export interface LevelDraft extends Readonly<Record<LoopKind, readonly LoopText[]>> {
  readonly level: string;
}

export type NestDraft = readonly LevelDraft[];

/** One field of a draft. */
export interface Place {
  readonly level: number;
  readonly kind: LoopKind;
  /** Position among the level's loops of that kind, outermost first. */
  readonly loop: number;
}

/**
 * The mapping as fields; dims without a loop come last with bound 1.
 * @throws InputError when its levels are not the accelerator's
 */
export function draftOf(accelerator: Accelerator, contraction: Contraction, mapping: Mapping): NestDraft {
  const { levels } = accelerator;
  check(
    mapping.length === levels.length,
    'mapping',
    `must list the ${levels.length} levels of the accelerator`,
    mapping.length,
  );
  const dims = Object.keys(contraction.extents);
  return levels.map(({ name }, l): LevelDraft => {
    const given = mapping[l];
    check(given?.level === name, `mapping level ${l}`, `must be ${name}`, given?.level);
    const { x, y } = fanOut(accelerator, l);
    const spatial = x * y > 1 || given.spatial.length > 0;
    return {
      level: name,
      temporal: texts(given.temporal, dims),
      spatial: spatial ? texts(given.spatial, dims) : [],
    };
  });
}

function texts(loops: readonly Loop[], dims: readonly string[]): readonly LoopText[] {
  const missing = dims.filter((dim) => loops.every(([other]) => other !== dim));
  return [...loops, ...missing.map((dim): Loop => [dim, 1])].map(([dim, bound]) => ({
    dim,
    text: String(bound),
  }));
}

/** The whole number of at least 1 that a field holds, or null. */
function boundOf(text: string): number | null {
  const plain = text.trim();
  return /^\d{1,15}$/.test(plain) && Number(plain) >= 1 ? Number(plain) : null;
}

/** The draft as a mapping, loops of bound 1 left out. @throws InputError naming the level of a field that is no number */
export function mappingOfDraft(draft: NestDraft): Mapping {
  return draft.map(({ level, temporal, spatial }): LevelLoops => {
    const loops = (fields: readonly LoopText[]): readonly Loop[] =>
      fields
        .map(({ dim, text }): Loop => {
          const bound = boundOf(text);
          if (bound === null)
            throw new InputError(
              `mapping level ${level}`,
              `the factor of ${dim} must be a whole number of at least 1`,
              text,
            );
          return [dim, bound];
        })
        .filter(([, bound]) => bound > 1);
    return { level, temporal: loops(temporal), spatial: loops(spatial) };
  });
}

export type Judgement =
  | { readonly ok: true; readonly cost: StepCost }
  /** `level`: the one that the problem names, or null. */
  | { readonly ok: false; readonly problem: string; readonly level: string | null };

/** What the draft costs, or why it cannot be. */
export function judge(
  stage: Stage,
  contraction: Contraction,
  draft: NestDraft,
  accounting: Accounting,
): Judgement {
  try {
    return {
      ok: true,
      cost: countOn(stage, contraction, mappingOfDraft(draft), accounting),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const level = /^mapping level (.+)$/.exec(error.subject)?.[1] ?? null;
    return { ok: false, problem: error.message, level };
  }
}

function allLoops(draft: NestDraft): readonly (LoopText & Place)[] {
  return draft.flatMap((level, l) =>
    (['temporal', 'spatial'] as const).flatMap((kind) =>
      level[kind].map((field, loop) => ({ ...field, level: l, kind, loop })),
    ),
  );
}

function write(draft: NestDraft, { level, kind, loop }: Place, text: string): NestDraft {
  const old = draft[level];
  const field = old?.[kind][loop];
  if (old === undefined || field === undefined) return draft;
  return draft.with(level, { ...old, [kind]: old[kind].with(loop, { ...field, text }) });
}

/** Product of the dim's factors, without those of one field; null while a field is no number. */
function productOf(draft: NestDraft, dim: string, without?: Place): number | null {
  let product = 1;
  for (const each of allLoops(draft)) {
    if (each.dim !== dim) continue;
    if (
      without !== undefined &&
      each.level === without.level &&
      each.kind === without.kind &&
      each.loop === without.loop
    )
      continue;
    const bound = boundOf(each.text);
    if (bound === null) return null;
    product *= bound;
  }
  return product;
}

/** The field that can take up the rest of a dim: its first temporal loop at the outermost level. */
function restOf(draft: NestDraft, dim: string): Place | null {
  const loop = draft[0]?.temporal.findIndex((field) => field.dim === dim) ?? -1;
  return loop < 0 ? null : { level: 0, kind: 'temporal', loop };
}

const samePlace = (a: Place | null, b: Place): boolean =>
  a !== null && a.level === b.level && a.kind === b.kind && a.loop === b.loop;

/**
 * Another factor. With `extents` the outermost loop of the dim takes what is left of its extent, where that is whole;
 * null leaves all other fields alone.
 */
export function setFactor(
  draft: NestDraft,
  place: Place,
  text: string,
  extents: Contraction['extents'] | null,
): NestDraft {
  const dim = draft[place.level]?.[place.kind][place.loop]?.dim;
  const next = write(draft, place, text);
  if (dim === undefined || extents === null) return next;
  const rest = restOf(next, dim);
  if (rest === null || samePlace(rest, place)) return next;
  const others = productOf(next, dim, rest);
  const extent = extents[dim] ?? 1;
  return others !== null && extent % others === 0 ? write(next, rest, String(extent / others)) : next;
}

/**
 * The next factor up (1) or down (-1) with which the dim still multiplies out: among the divisors of what this field and
 * the outermost one have between them. Null when there is none.
 */
export function nextFactor(draft: NestDraft, place: Place, by: 1 | -1): string | null {
  const field = draft[place.level]?.[place.kind][place.loop];
  const current = boundOf(field?.text ?? '');
  if (field === undefined || current === null) return null;
  const rest = restOf(draft, field.dim);
  const outermost = rest === null ? null : boundOf(draft[rest.level]?.temporal[rest.loop]?.text ?? '');
  if (outermost === null) return null;
  const total = samePlace(rest, place) ? (productOf(draft, field.dim) ?? current) : current * outermost;
  for (let value = current + by; value >= 1 && value <= total; value += by)
    if (total % value === 0) return String(value);
  return null;
}

/** The temporal loop trades places with the next one further in. */
export function swapLoops(draft: NestDraft, level: number, loop: number): NestDraft {
  const old = draft[level];
  const outer = old?.temporal[loop];
  const inner = old?.temporal[loop + 1];
  if (old === undefined || outer === undefined || inner === undefined) return draft;
  return draft.with(level, { ...old, temporal: old.temporal.with(loop, inner).with(loop + 1, outer) });
}

export interface Coverage {
  readonly dim: string;
  readonly extent: number;
  /** Product of the dim's factors; null while a field is no number. */
  readonly covered: number | null;
}

/** How far each dim multiplies out. */
export function coverage(draft: NestDraft, { extents }: Contraction): readonly Coverage[] {
  return Object.entries(extents).map(([dim, extent]) => ({ dim, extent, covered: productOf(draft, dim) }));
}

/** As `rankscape cost --mapping` reads it: one level a line. */
export function mappingText(mapping: Mapping): string {
  return `[\n${mapping.map((level) => `  ${JSON.stringify(level)}`).join(',\n')}\n]\n`;
}
