/**
 * Typed options. Each reads one raw value - text from the command line or JSON from a batch, so that `"4,12"` and
 * `[4, 12]` are the same - and refuses it by name. An absent value is `undefined`.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError, check } from '../core/base/checks.ts';
import { parseAccelerator } from '../core/hardware/parse.ts';
import { presets } from '../core/hardware/presets.ts';
import { parseAcceleratorText } from '../core/hardware/text.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import { readJsonFile, readTextFile } from './files.ts';

export interface Place {
  readonly command: string;
  /** Camel-case name. */
  readonly option: string;
  readonly folder: string;
}

export interface Option<T> {
  /** What stands for the value in help: `N`, `FILE`; none for a flag. */
  readonly value?: string;
  readonly help: string;
  /** Given without its name, in the order of the option set. */
  readonly positional?: boolean;
  readonly read: (raw: unknown, place: Place) => T;
}

export type OptionSet = Readonly<Record<string, Option<unknown>>>;
export type Values<S extends OptionSet> = {
  readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never;
};

/** `outModes` -> `--out-modes` */
export const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** How messages call an option: as on the command line. */
const nameOf = (place: Place): string => flagOf(place.option);

function refuse(place: Place, rule: string, value: unknown): never {
  throw new InputError(place.command, `${nameOf(place)} must be ${rule}`, value);
}

const absent = (raw: unknown): raw is undefined | null => raw === undefined || raw === null;

/** The same option, refused when it is absent. */
export function required<T>(option: Option<T | undefined>): Option<T> {
  return {
    ...option,
    read: (raw, place) => {
      const value = option.read(raw, place);
      if (value === undefined) {
        const what =
          option.positional === true ? place.option.toUpperCase() : `${nameOf(place)} ${option.value ?? ''}`;
        throw new InputError(place.command, `needs ${what.trim()}`);
      }
      return value;
    },
  };
}

/** The same option, given by its place on the command line. */
export const positional = <T>(option: Option<T>): Option<T> => ({ ...option, positional: true });

/** The same option with a value for when it is absent. */
export function otherwise<T>(option: Option<T | undefined>, value: T): Option<T> {
  return {
    ...option,
    help: `${option.help} (default ${String(value)})`,
    read: (raw, place) => option.read(raw, place) ?? value,
  };
}

/** `--name` or `--name=false`; absent is neither. */
export const toggle = (help: string): Option<boolean | undefined> => ({
  help,
  read: (raw, place) => {
    if (absent(raw)) return undefined;
    if (raw === true || raw === false) return raw;
    return refuse(place, 'true or false', raw);
  },
});

export const flag = (help: string): Option<boolean> => ({
  help,
  read: (raw, place) => toggle(help).read(raw, place) ?? false,
});

export const text = (value: string, help: string): Option<string | undefined> => ({
  value,
  help,
  read: (raw, place) =>
    absent(raw) ? undefined : typeof raw === 'string' ? raw : refuse(place, 'text', raw),
});

export function choice<const T extends string>(values: readonly T[], help: string): Option<T | undefined> {
  return {
    value: values.join('|'),
    help,
    read: (raw, place) => {
      if (absent(raw)) return undefined;
      const found = values.find((value) => value === raw);
      return found ?? refuse(place, `one of ${values.join(', ')}`, raw);
    },
  };
}

export const whole = (help: string, least = 1, value = 'N'): Option<number | undefined> => ({
  value,
  help,
  read: (raw, place) => {
    if (absent(raw)) return undefined;
    const number = numberOf(raw);
    return Number.isSafeInteger(number) && number >= least
      ? number
      : refuse(place, `a whole number from ${least}`, raw);
  },
});

export const finite = (help: string, value = 'VALUE'): Option<number | undefined> => ({
  value,
  help,
  read: (raw, place) => {
    if (absent(raw)) return undefined;
    const number = numberOf(raw);
    return Number.isFinite(number) ? number : refuse(place, 'a number', raw);
  },
});

/** `4,12,16` or `[4, 12, 16]`; exactly `count` of them when it is given. */
export const wholes = (
  value: string,
  help: string,
  count?: number,
): Option<readonly number[] | undefined> => ({
  value,
  help,
  read: (raw, place) => {
    if (absent(raw)) return undefined;
    const parts: unknown = typeof raw === 'string' ? raw.replaceAll(/[[\]\s]/g, '').split(',') : raw;
    const numbers = Array.isArray(parts) ? parts.map(numberOf) : [NaN];
    const good = numbers.every((n) => Number.isSafeInteger(n) && n >= 1);
    if (good && (count === undefined || numbers.length === count)) return numbers;
    return refuse(
      place,
      `${count === undefined ? '' : `${count} `}whole numbers from 1, such as ${value}`,
      raw,
    );
  },
});

/** Lists of numbers in a list, as JSON text or as they are. */
const lists = (
  value: string,
  rule: string,
  help: string,
): Option<readonly (readonly number[])[] | undefined> => ({
  value,
  help,
  read: (raw, place) => {
    if (absent(raw)) return undefined;
    const given = typeof raw === 'string' ? (parseJson(raw) ?? refuse(place, rule, raw)) : raw;
    const good =
      Array.isArray(given) &&
      given.every((list) => Array.isArray(list) && list.every((n) => typeof n === 'number'));
    return good ? (given as number[][]) : refuse(place, rule, raw);
  },
});

/** SHAPES: `[[2,3],[3,4]]`. */
export const shapes = (help: string) => lists('SHAPES', 'a list of shapes such as [[2,3],[3,4]]', help);

/** A contraction path: `[[0,1],[0,1]]`, the positions that each step joins. */
export const steps = (help: string) => lists('JSON', 'a list of positions such as [[0,1],[0,1]]', help);

/** A JSON file, or the object itself in a batch. */
export const jsonFile = (help: string, value = 'FILE'): Option<unknown> => ({
  value,
  help,
  read: (raw, place) => {
    if (absent(raw)) return undefined;
    return typeof raw === 'string' ? readJsonFile(place.folder, raw, place.command) : raw;
  },
});

/** A preset's name, a file, or the machine itself in a batch. */
export const accelerator: Option<Accelerator> = {
  value: 'NAME|FILE',
  help: `${Object.keys(presets).join(', ')}, or a JSON or YAML file (default simba)`,
  read: (raw, place) => {
    if (absent(raw)) return presetOf('simba');
    if (typeof raw !== 'string') return parseAccelerator(raw, 'custom');
    if (Object.hasOwn(presets, raw)) return presetOf(raw);
    const isFile = /[./\\]/.test(raw) || existsSync(resolve(place.folder, raw));
    const names = Object.keys(presets).join(', ');
    check(isFile, place.command, `--accelerator must be one of ${names}, or a file`, raw);
    const name = raw.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
    return parseAcceleratorText(readTextFile(place.folder, raw, place.command), name);
  },
};

function presetOf(name: string): Accelerator {
  const preset = presets[name];
  if (preset === undefined) throw new Error(`internal: no preset ${name}`);
  return preset;
}

/** Every command takes these; a command lists those that it uses. */
export const common = {
  accelerator,
  accounting: otherwise(
    choice(['timeloop', 'accelforge'], 'whether draining outputs charges a read'),
    'timeloop',
  ),
  objective: otherwise(choice(['edp', 'energy', 'latency'], 'what the mapper minimizes'), 'edp'),
  tokens: whole('rows that a linear layer sees in one step'),
  batch: whole('sequences'),
  sequence: whole('length of a sequence'),
  seed: otherwise(whole('chance starts here', 0), 1),
  progress: flag('progress on stderr'),
} as const;

function numberOf(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : NaN;
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}
