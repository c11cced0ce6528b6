/** What a quantization may be when it comes from outside: a link, a project file, the command line. */
import { check, InputError } from '../base/checks.ts';
import type { Quantization } from './quantization.ts';

const intBits = [16, 8, 6, 5, 4, 3] as const;
const paletteBits = [4, 3, 2] as const;
/** Weights that share a scale; the sizes in use (GPTQ, AWQ: 128; OCP MX: 32; NVFP4: 16). */
export const groupSizes = [16, 32, 64, 128] as const;

/** @throws InputError when no such quantization is known */
export function checkQuantization(given: Quantization): Quantization {
  switch (given.kind) {
    case 'none':
    case 'w8a8':
      return { kind: given.kind };
    case 'int':
      checkOne('bits', intBits, given.bits);
      if (given.group !== 'row') checkOne('group', groupSizes, given.group);
      return { kind: 'int', bits: given.bits, group: given.group };
    case 'fp4':
      checkOne('group', groupSizes, given.group);
      return { kind: 'fp4', group: given.group };
    case 'palette':
      checkOne('palette bits', paletteBits, given.bits);
      return { kind: 'palette', bits: given.bits };
  }
  given satisfies never;
  throw new InputError('quantization', 'must be of a known kind', given);
}

function checkOne(what: string, allowed: readonly number[], value: number): void {
  check(allowed.includes(value), `quantization ${what}`, `must be one of ${allowed.join(', ')}`, value);
}

/** Short and stable: `none`, `w8a8`, `int4-row`, `int4-g128`, `fp4-g16`, `palette4`. */
export function quantizationName(q: Quantization): string {
  switch (q.kind) {
    case 'none':
    case 'w8a8':
      return q.kind;
    case 'int':
      return `int${q.bits}-${q.group === 'row' ? 'row' : `g${q.group}`}`;
    case 'fp4':
      return `fp4-g${q.group}`;
    case 'palette':
      return `palette${q.bits}`;
  }
  q satisfies never;
}

/** @throws InputError when the text is no name of one */
export function quantizationByName(name: string): Quantization {
  const match = /^(?:(none|w8a8)|int(\d+)-(?:row|g(\d+))|fp4-g(\d+)|palette(\d+))$/.exec(name);
  check(
    match !== null,
    'quantization',
    'must be none, w8a8, intB-row, intB-gN, fp4-gN or paletteB (for example int4-g128)',
    name,
  );
  const [, plain, bits, group, fpGroup, colours] = match;
  if (plain === 'none' || plain === 'w8a8') return { kind: plain };
  if (bits !== undefined)
    return checkQuantization({
      kind: 'int',
      bits: Number(bits) as 4,
      group: group === undefined ? 'row' : Number(group),
    });
  if (fpGroup !== undefined) return checkQuantization({ kind: 'fp4', group: Number(fpGroup) });
  return checkQuantization({ kind: 'palette', bits: Number(colours) as 4 });
}
