/**
 * An accelerator as plain JSON, and the rules that make one possible. The form is that of the reference machines:
 * snake_case keys, `keeps` as letters of IWO, `null` for unlimited. Text (JSON or YAML) is read in `text.ts`.
 * Left out: components below a level (networks, adders) that carry energy of their own.
 */
import { InputError, check } from '../base/checks.ts';
import { operands } from './accelerator.ts';
import type { Accelerator, MacArray, MemoryLevel, Operand } from './accelerator.ts';

/** One storage level of the JSON form. */
export interface MachineLevel {
  readonly name: string;
  readonly mesh_x: number;
  readonly mesh_y: number;
  readonly depth_words: number | null;
  readonly word_bits: number;
  readonly read_words_per_cycle: number | null;
  readonly write_words_per_cycle: number | null;
  readonly read_pJ_per_word: number;
  readonly write_pJ_per_word: number;
  readonly keeps: string;
}

/** One machine of the JSON form. */
export interface Machine {
  readonly name: string;
  readonly clock_hz: number;
  readonly word_bits: number;
  readonly levels: readonly MachineLevel[];
  readonly mac: { readonly mesh_x: number; readonly mesh_y: number; readonly energy_pJ: number };
  readonly energy_unit: string;
}

const subject = 'accelerator';
const fewestLevels = 2;
const mostLevels = 6;
const mostMacs = 2 ** 20;
const mostMesh = 2 ** 16;
const mostWords = 2 ** 48;
const mostBits = 256;
const leastRate = 1e-6;
const mostRate = 1e9;
/** Of a MAC, so that nothing is free as a whole; an access may be. */
const leastMacEnergy = 1e-9;
const mostEnergy = 1e9;
const leastClock = 1e3;
const mostClock = 1e12;

const machineKeys = ['name', 'clock_hz', 'word_bits', 'levels', 'mac', 'energy_unit'] as const;
const levelKeys = [
  'name',
  'mesh_x',
  'mesh_y',
  'depth_words',
  'word_bits',
  'read_words_per_cycle',
  'write_words_per_cycle',
  'read_pJ_per_word',
  'write_pJ_per_word',
  'keeps',
] as const;
const macKeys = ['mesh_x', 'mesh_y', 'energy_pJ'] as const;

/**
 * Reads one machine of the JSON form.
 * @param value anything, as `JSON.parse` gives it. @param name used when the value carries none.
 * @throws InputError for a missing, unknown or mistyped key, and for a machine that `checkAccelerator` refuses.
 */
export function parseAccelerator(value: unknown, name?: string): Accelerator {
  const machine = fields(value, 'the machine', machineKeys, ['name', 'energy_unit']);
  const list = machine['levels'];
  check(Array.isArray(list), subject, `levels must be a list, got ${kind(list)}`);
  check(
    list.length >= fewestLevels && list.length <= mostLevels,
    subject,
    `levels must be ${fewestLevels} to ${mostLevels} storage levels, outermost first`,
    list.length,
  );
  return checkAccelerator({
    name: machine['name'] === undefined ? (name ?? 'custom') : text(machine['name'], 'name'),
    clockHz: number(machine['clock_hz'], 'clock_hz'),
    wordBits: number(machine['word_bits'], 'word_bits'),
    energyUnit: machine['energy_unit'] === undefined ? 'pJ' : text(machine['energy_unit'], 'energy_unit'),
    levels: list.map(parseLevel),
    mac: parseMac(machine['mac']),
  });
}

function parseLevel(value: unknown, index: number): MemoryLevel {
  const level = fields(value, `level ${index + 1}`, levelKeys, []);
  const name = text(level['name'], `level ${index + 1} name`);
  const at = `level ${shown(name)}`;
  return {
    name,
    meshX: number(level['mesh_x'], `${at} mesh_x`),
    meshY: number(level['mesh_y'], `${at} mesh_y`),
    depthWords: numberOrNull(level['depth_words'], `${at} depth_words`),
    wordBits: number(level['word_bits'], `${at} word_bits`),
    readWordsPerCycle: numberOrNull(level['read_words_per_cycle'], `${at} read_words_per_cycle`),
    writeWordsPerCycle: numberOrNull(level['write_words_per_cycle'], `${at} write_words_per_cycle`),
    readEnergyPj: number(level['read_pJ_per_word'], `${at} read_pJ_per_word`),
    writeEnergyPj: number(level['write_pJ_per_word'], `${at} write_pJ_per_word`),
    keeps: parseKeeps(level['keeps'], at),
  };
}

function parseKeeps(value: unknown, at: string): readonly Operand[] {
  const letters = [...text(value, `${at} keeps`)];
  const rule = `${at} keeps must be one to three different letters of IWO`;
  check(letters.length >= 1 && letters.length <= 3, subject, rule, value);
  check(new Set(letters).size === letters.length, subject, rule, value);
  check(
    letters.every((letter) => (operands as readonly string[]).includes(letter)),
    subject,
    rule,
    value,
  );
  return operands.filter((operand) => letters.includes(operand));
}

function parseMac(value: unknown): MacArray {
  const mac = fields(value, 'mac', macKeys, []);
  return {
    meshX: number(mac['mesh_x'], 'mac mesh_x'),
    meshY: number(mac['mesh_y'], 'mac mesh_y'),
    energyPj: number(mac['energy_pJ'], 'mac energy_pJ'),
  };
}

/** The machine in its JSON form; `parseAccelerator` gives the same accelerator back. */
export function printAccelerator(accelerator: Accelerator): Machine {
  return {
    name: accelerator.name,
    clock_hz: accelerator.clockHz,
    word_bits: accelerator.wordBits,
    levels: accelerator.levels.map((level) => ({
      name: level.name,
      mesh_x: level.meshX,
      mesh_y: level.meshY,
      depth_words: level.depthWords,
      word_bits: level.wordBits,
      read_words_per_cycle: level.readWordsPerCycle,
      write_words_per_cycle: level.writeWordsPerCycle,
      read_pJ_per_word: level.readEnergyPj,
      write_pJ_per_word: level.writeEnergyPj,
      keeps: level.keeps.join(''),
    })),
    mac: {
      mesh_x: accelerator.mac.meshX,
      mesh_y: accelerator.mac.meshY,
      energy_pJ: accelerator.mac.energyPj,
    },
    energy_unit: accelerator.energyUnit,
  };
}

/**
 * Returns the accelerator as it is when it could exist.
 * @throws InputError that says which figure of which level is impossible and why.
 */
export function checkAccelerator(accelerator: Accelerator): Accelerator {
  const { name, clockHz, wordBits, energyUnit, levels, mac } = accelerator;
  checkLabel(name, 'name', 64);
  checkLabel(energyUnit, 'energy_unit', 64);
  between(clockHz, 'clock_hz', leastClock, mostClock);
  whole(wordBits, 'word_bits', mostBits);
  check(
    levels.length >= fewestLevels && levels.length <= mostLevels,
    subject,
    `levels must be ${fewestLevels} to ${mostLevels} storage levels, outermost first`,
    levels.length,
  );
  levels.forEach((level, index) => checkLevel(level, index));
  const names = levels.map((level) => level.name);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  check(twice === undefined, subject, 'level names must differ', twice);
  checkOutermost(levels[0] as MemoryLevel);
  whole(mac.meshX, 'mac mesh_x', mostMesh);
  whole(mac.meshY, 'mac mesh_y', mostMesh);
  check(
    mac.meshX * mac.meshY <= mostMacs,
    subject,
    `mac array must have at most ${mostMacs} MACs`,
    mac.meshX * mac.meshY,
  );
  between(mac.energyPj, 'mac energy_pJ', leastMacEnergy, mostEnergy);
  const below = [
    ...levels.slice(1).map((level) => ({ ...level, at: `level ${level.name}` })),
    { ...mac, at: 'mac' },
  ];
  below.forEach((inner, index) => {
    const outer = levels[index] as MemoryLevel;
    divides(outer.meshX, inner.meshX, `${inner.at} mesh_x`, `level ${outer.name}`);
    divides(outer.meshY, inner.meshY, `${inner.at} mesh_y`, `level ${outer.name}`);
  });
  return accelerator;
}

function checkLevel(level: MemoryLevel, index: number): void {
  checkLabel(level.name, `level ${index + 1} name`, 32);
  const at = `level ${level.name}`;
  whole(level.meshX, `${at} mesh_x`, mostMesh);
  whole(level.meshY, `${at} mesh_y`, mostMesh);
  whole(level.wordBits, `${at} word_bits`, mostBits);
  const { keeps, depthWords } = level;
  check(
    keeps.length >= 1 &&
      new Set(keeps).size === keeps.length &&
      keeps.every((each) => operands.includes(each)),
    subject,
    `${at} keeps must be one to three different letters of IWO`,
    keeps.join(''),
  );
  if (depthWords !== null) {
    whole(depthWords, `${at} depth_words`, mostWords);
    check(
      depthWords >= keeps.length,
      subject,
      `${at} depth_words must hold one word of each operand it keeps (${keeps.join('')} needs ${keeps.length})`,
      depthWords,
    );
  }
  if (level.readWordsPerCycle !== null) {
    between(level.readWordsPerCycle, `${at} read_words_per_cycle`, leastRate, mostRate);
  }
  if (level.writeWordsPerCycle !== null) {
    between(level.writeWordsPerCycle, `${at} write_words_per_cycle`, leastRate, mostRate);
  }
  between(level.readEnergyPj, `${at} read_pJ_per_word`, 0, mostEnergy);
  between(level.writeEnergyPj, `${at} write_pJ_per_word`, 0, mostEnergy);
}

function checkOutermost(outer: MemoryLevel): void {
  const at = `outermost level ${outer.name}`;
  check(
    outer.keeps.length === operands.length,
    subject,
    `${at} must keep all three operands (IWO), as everything starts and ends there`,
    outer.keeps.join(''),
  );
  check(outer.depthWords === null, subject, `${at} must be unlimited (depth_words null)`, outer.depthWords);
  check(
    outer.meshX === 1 && outer.meshY === 1,
    subject,
    `${at} must be one instance (mesh 1 x 1)`,
    `${outer.meshX} x ${outer.meshY}`,
  );
}

/** Starts with a letter or digit, so that it is neither blank nor an object's own key like __proto__. */
const label = /^[\p{L}\p{N}](?:[\p{L}\p{N} _.,:;=()+*/'-]*[\p{L}\p{N}_.)'+*])?$/u;

function checkLabel(value: string, what: string, longest: number): void {
  check(
    typeof value === 'string' && value.length <= longest && label.test(value),
    subject,
    `${what} must be 1 to ${longest} letters, digits and plain signs, starting with a letter or digit`,
    typeof value === 'string' ? value : kind(value),
  );
}

function whole(value: number, what: string, most: number): void {
  const sound = Number.isSafeInteger(value) && value >= 1 && value <= most;
  check(sound, subject, `${what} must be a whole number from 1 to ${most}`, value);
}

function between(value: number, what: string, least: number, most: number): void {
  const sound = Number.isFinite(value) && value >= least && value <= most;
  check(sound, subject, `${what} must be a number from ${least} to ${most}`, value);
}

function divides(outer: number, inner: number, what: string, above: string): void {
  check(
    inner % outer === 0,
    subject,
    `${what} must be a multiple of the ${outer} of ${above} (each instance feeds equally many below)`,
    inner,
  );
}

function fields(
  value: unknown,
  what: string,
  keys: readonly string[],
  optional: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(
      subject,
      `${what} must be an object with keys ${keys.join(', ')}, got ${kind(value)}`,
    );
  }
  const given = Object.entries(value);
  const unknown = given.find(([key]) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new InputError(subject, `${what} may have the keys ${keys.join(', ')} only`, unknown[0]);
  }
  // A null prototype: an absent key is undefined, whatever Object.prototype holds.
  const found = Object.assign(Object.create(null) as Record<string, unknown>, value);
  const missing = keys.find((key) => found[key] === undefined && !optional.includes(key));
  check(missing === undefined, subject, `${what} must have the key ${missing}`);
  return found;
}

function text(value: unknown, what: string): string {
  check(typeof value === 'string', subject, `${what} must be text, got ${kind(value)}`);
  return value;
}

function number(value: unknown, what: string): number {
  check(typeof value === 'number', subject, `${what} must be a number, got ${kind(value)}`);
  return value;
}

function numberOrNull(value: unknown, what: string): number | null {
  return value === null ? null : number(value, `${what} (or null for unlimited)`);
}

/** What a value is, without printing what may be huge or deep. */
function kind(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(shown(value));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

const shown = (name: string): string => (name.length > 32 ? `${name.slice(0, 32)}...` : name);
