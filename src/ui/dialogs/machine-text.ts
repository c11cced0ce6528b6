/** An accelerator as the texts of a form, and back. An empty text or `unlimited` is null where the figure may be. */
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { parseAccelerator, printAccelerator, type Machine } from '../../core/hardware/parse.ts';

export const levelColumns = [
  { key: 'name', title: 'Level', unit: '' },
  { key: 'mesh_x', title: 'Instances X', unit: '' },
  { key: 'mesh_y', title: 'Instances Y', unit: '' },
  { key: 'depth_words', title: 'Capacity', unit: 'words' },
  { key: 'word_bits', title: 'Word', unit: 'bits' },
  { key: 'read_words_per_cycle', title: 'Read port', unit: 'words/cycle' },
  { key: 'write_words_per_cycle', title: 'Write port', unit: 'words/cycle' },
  { key: 'read_pJ_per_word', title: 'Read', unit: 'energy' },
  { key: 'write_pJ_per_word', title: 'Write', unit: 'energy' },
  { key: 'keeps', title: 'Keeps', unit: 'I, W, O' },
] as const;

type LevelKey = (typeof levelColumns)[number]['key'];
export type LevelTexts = Readonly<Record<LevelKey, string>>;

export interface MachineTexts {
  readonly name: string;
  readonly clock_hz: string;
  readonly word_bits: string;
  readonly energy_unit: string;
  readonly mac: { readonly mesh_x: string; readonly mesh_y: string; readonly energy_pJ: string };
  readonly levels: readonly LevelTexts[];
}

const textOf = (value: string | number | null): string => (value === null ? 'unlimited' : String(value));

export function textsOf(accelerator: Accelerator): MachineTexts {
  const { name, clock_hz, word_bits, energy_unit, mac, levels }: Machine = printAccelerator(accelerator);
  return {
    name,
    clock_hz: textOf(clock_hz),
    word_bits: textOf(word_bits),
    energy_unit,
    mac: { mesh_x: textOf(mac.mesh_x), mesh_y: textOf(mac.mesh_y), energy_pJ: textOf(mac.energy_pJ) },
    levels: levels.map(
      (level) => Object.fromEntries(levelColumns.map(({ key }) => [key, textOf(level[key])])) as LevelTexts,
    ),
  };
}

const nullable: readonly LevelKey[] = ['depth_words', 'read_words_per_cycle', 'write_words_per_cycle'];

/** The number a text means; what is no number stays text, so that the reader can name it. */
function numberOf(text: string): number | string {
  const plain = text.trim().replaceAll(',', '');
  return plain === '' || Number.isNaN(Number(plain)) ? text.trim() : Number(plain);
}

function figureOf(key: LevelKey, text: string): string | number | null {
  if (key === 'name') return text.trim();
  if (key === 'keeps') return text.toUpperCase().replace(/[\s,]/g, '');
  if (nullable.includes(key) && /^(|unlimited|none|∞)$/i.test(text.trim())) return null;
  return numberOf(text);
}

/** @throws InputError naming level and figure */
export function acceleratorOf(texts: MachineTexts): Accelerator {
  return parseAccelerator({
    name: texts.name.trim(),
    clock_hz: numberOf(texts.clock_hz),
    word_bits: numberOf(texts.word_bits),
    energy_unit: texts.energy_unit.trim(),
    mac: {
      mesh_x: numberOf(texts.mac.mesh_x),
      mesh_y: numberOf(texts.mac.mesh_y),
      energy_pJ: numberOf(texts.mac.energy_pJ),
    },
    levels: texts.levels.map((level) =>
      Object.fromEntries(levelColumns.map(({ key }) => [key, figureOf(key, level[key])])),
    ),
  });
}
