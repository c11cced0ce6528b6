/**
 * A command of the headless door: named options, a pure-as-possible run to a plain result, and a table for people. The
 * plain door (arguments) and `batch` (JSON Lines) share all of it.
 */
import type { OptionSet, Values } from './options.ts';

/** What a command may touch besides its options. */
export interface Surroundings {
  /** Folder that relative file names start from. */
  readonly folder: string;
  /** One line of progress or of a note to stderr. */
  readonly note: (line: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** The file that starts this program, where it may start itself again. */
  readonly program?: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Without the program's name: `path EQUATION SHAPES [--objective ...]`. */
  readonly usage: string;
  /** Further lines of help: the fields of the result, examples. */
  readonly notes: readonly string[];
  readonly options: OptionSet;
  /** @param given raw values by camel-case name: text from the command line, JSON from a batch; @throws InputError */
  readonly run: (given: Given, surroundings: Surroundings) => Promise<Answer>;
}

export type Given = Readonly<Record<string, unknown>>;

/** Plain data, ready for JSON, and its table; the table is only made when it is shown. */
export interface Answer {
  readonly result: unknown;
  readonly table: () => string;
}

interface Description<S extends OptionSet, R> {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly notes?: readonly string[];
  readonly options: S;
  readonly run: (options: Values<S>, surroundings: Surroundings) => R | Promise<R>;
  readonly print: (result: R) => string;
}

/** Ties the types of a command's options and result together and hides them. */
export function defineCommand<S extends OptionSet, R>(description: Description<S, R>): Command {
  const { name, summary, usage, notes = [], options, run, print } = description;
  return {
    name,
    summary,
    usage,
    notes,
    options,
    run: async (given, surroundings) => {
      const read = Object.entries(options).map(([key, option]) => [
        key,
        option.read(given[key], { command: name, option: key, folder: surroundings.folder }),
      ]);
      const result = await run(Object.fromEntries(read) as Values<S>, surroundings);
      return { result, table: () => print(result) };
    },
  };
}
