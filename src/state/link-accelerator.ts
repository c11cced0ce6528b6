/**
 * An accelerator in a link: a preset and only its edited figures, or all of it. With the preset goes a fingerprint of
 * its figures, so that a link made before a preset was revised says so.
 */
import { operands, type Accelerator, type MemoryLevel } from '../core/hardware/accelerator.ts';
import { presets } from '../core/hardware/presets.ts';
import { BrokenBytes, crc32, type ByteReader, type ByteWriter } from './bytes.ts';

/** Grows at its end only. */
const presetCodes = ['ws16', 'simba', 'eyeriss', 'ws8t', 'tpu1', 'gemmini'] as const;

/** Every number of an accelerator in one row; `keeps` as a mask of the operands. */
type Figures = readonly (number | null)[];

const ofMachine = 5;
const perLevel = 9;
const maxLevels = 64;

function figuresOf({ clockHz, wordBits, mac, levels }: Accelerator): Figures {
  return [
    clockHz,
    wordBits,
    mac.meshX,
    mac.meshY,
    mac.energyPj,
    ...levels.flatMap((level) => [
      level.meshX,
      level.meshY,
      level.depthWords,
      level.wordBits,
      level.readWordsPerCycle,
      level.writeWordsPerCycle,
      level.readEnergyPj,
      level.writeEnergyPj,
      level.keeps.reduce((mask, operand) => mask + 2 ** operands.indexOf(operand), 0),
    ]),
  ];
}

interface Names {
  readonly name: string;
  readonly energyUnit: string;
  readonly levels: readonly string[];
}

function fromFigures({ name, energyUnit, levels }: Names, figures: Figures): Accelerator {
  const needed = (index: number): number => {
    const value = figures[index];
    if (typeof value !== 'number') throw new BrokenBytes('a figure is missing');
    return value;
  };
  return {
    name,
    clockHz: needed(0),
    wordBits: needed(1),
    energyUnit,
    levels: levels.map((level, i): MemoryLevel => {
      const at = ofMachine + i * perLevel;
      const mask = needed(at + 8);
      return {
        name: level,
        meshX: needed(at),
        meshY: needed(at + 1),
        depthWords: figures[at + 2] ?? null,
        wordBits: needed(at + 3),
        readWordsPerCycle: figures[at + 4] ?? null,
        writeWordsPerCycle: figures[at + 5] ?? null,
        readEnergyPj: needed(at + 6),
        writeEnergyPj: needed(at + 7),
        keeps: operands.filter((_, bit) => Math.floor(mask / 2 ** bit) % 2 === 1),
      };
    }),
    mac: { meshX: needed(2), meshY: needed(3), energyPj: needed(4) },
  };
}

const namesOf = ({ name, energyUnit, levels }: Accelerator): Names => ({
  name,
  energyUnit,
  levels: levels.map((level) => level.name),
});

const fingerprint = (figures: Figures): number =>
  crc32(new TextEncoder().encode(JSON.stringify(figures))) % 65_536;

export function packAccelerator(to: ByteWriter, accelerator: Accelerator): void {
  const figures = figuresOf(accelerator);
  const names = namesOf(accelerator);
  const index = (presetCodes as readonly string[]).indexOf(accelerator.name);
  const preset = presets[presetCodes[index] ?? ''];
  if (preset === undefined || JSON.stringify(namesOf(preset)) !== JSON.stringify(names)) {
    to.uint(0);
    to.text(names.name);
    to.text(names.energyUnit);
    to.uint(names.levels.length);
    names.levels.forEach(to.text);
    figures.forEach(to.number);
    return;
  }
  const original = figuresOf(preset);
  to.uint(index + 1);
  const print = fingerprint(original);
  to.byte(Math.floor(print / 256));
  to.byte(print);
  const edited = figures.flatMap((figure, i) => (Object.is(figure, original[i]) ? [] : [i]));
  to.uint(edited.length);
  for (const i of edited) {
    to.uint(i);
    to.number(figures[i] ?? null);
  }
}

interface UnpackedAccelerator {
  readonly accelerator: Accelerator;
  readonly problems: readonly string[];
}

/** @throws BrokenBytes when it cannot be read; whether the machine could exist is checked later */
export function unpackAccelerator(from: ByteReader): UnpackedAccelerator {
  const index = from.uint();
  if (index === 0) {
    const name = from.text();
    const energyUnit = from.text();
    const count = from.count();
    if (count > maxLevels) throw new BrokenBytes(`it has ${count} levels`);
    const levels = Array.from({ length: count }, from.text);
    const figures = Array.from({ length: ofMachine + perLevel * count }, from.number);
    return { accelerator: fromFigures({ name, energyUnit, levels }, figures), problems: [] };
  }
  const name = presetCodes[index - 1];
  const preset = name === undefined ? undefined : presets[name];
  if (preset === undefined) throw new BrokenBytes(`preset ${index} is unknown here`);
  const figures = [...figuresOf(preset)];
  const print = from.byte() * 256 + from.byte();
  const problems =
    print === fingerprint(figures)
      ? []
      : [`the figures of ${name} have changed since it was made; today's were taken`];
  const edits = from.count();
  for (let i = 0; i < edits; i++) {
    const at = from.uint();
    const value = from.number();
    if (at >= figures.length) throw new BrokenBytes(`figure ${at} does not exist`);
    figures[at] = value;
  }
  return { accelerator: fromFigures(namesOf(preset), figures), problems };
}
