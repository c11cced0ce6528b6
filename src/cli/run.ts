/**
 * Finding and running a command, and turning what goes wrong into one line and an exit code: 0 done, 2 bad input,
 * 1 our own fault.
 */
import { InputError } from '../core/base/checks.ts';
import type { Answer, Command, Given, Surroundings } from './command.ts';
import { commands, notYet } from './commands/index.ts';
import { common, flagOf, type OptionSet } from './options.ts';

export function commandNamed(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  if (notYet.includes(name)) throw new InputError(name, 'is not in this version');
  const names = [...commands.map((command) => command.name), 'batch'].join(', ');
  throw new InputError('rankscape', `command must be one of ${names}`, name);
}

/** All options that a command takes: its own and the common ones, which are checked even where they mean nothing. */
export const optionsOf = (command: Command): OptionSet => ({ ...common, ...command.options });

export function refuseOption(command: Command, name: string): never {
  const names = Object.entries(command.options).flatMap(([key, option]) =>
    option.positional === true ? [] : [flagOf(key)],
  );
  throw new InputError(command.name, `option must be one of ${names.join(', ')}`, name);
}

export async function runCommand(
  command: Command,
  given: Given,
  surroundings: Surroundings,
): Promise<Answer> {
  const known = optionsOf(command);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) refuseOption(command, flagOf(name));
    if (Object.hasOwn(command.options, name)) continue;
    known[name]?.read(value, { command: command.name, option: name, folder: surroundings.folder });
  }
  return command.run(given, surroundings);
}

export interface Failure {
  readonly code: 1 | 2;
  /** One line: the command, then subject, rule and value. */
  readonly message: string;
}

export function failureOf(error: unknown, subject: string): Failure {
  const raw = error instanceof Error ? error.message : String(error);
  const line = raw.replaceAll(/\s*\n\s*/g, ' ').trim();
  if (error instanceof InputError) {
    const named = error.subject === subject || line.startsWith('rankscape:');
    return { code: 2, message: named ? line : `${subject}: ${line}` };
  }
  return { code: 1, message: line.startsWith('internal:') ? line : `internal: ${subject}: ${line}` };
}
