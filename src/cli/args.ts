/**
 * Command-line arguments to raw values by camel-case name: `--out-modes 4,12`, `--out-modes=4,12`, `--swap`, and
 * positional arguments in the order of the command's options.
 */
import { InputError } from '../core/base/checks.ts';
import type { Command, Given } from './command.ts';
import { flagOf } from './options.ts';
import { optionsOf, refuseOption } from './run.ts';

export interface Arguments {
  readonly given: Given;
  readonly json: boolean;
  readonly help: boolean;
}

export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const known = optionsOf(command);
  const byFlag = new Map(Object.keys(known).map((name) => [flagOf(name), name]));
  const places = Object.entries(command.options).flatMap(([name, option]) =>
    option.positional === true ? [name] : [],
  );
  const given: Record<string, unknown> = {};
  let json = false;
  let help = false;
  let place = 0;
  let onlyPlaces = false;
  const put = (name: string, value: unknown): void => {
    if (Object.hasOwn(given, name)) throw new InputError(command.name, 'must be given once', flagOf(name));
    given[name] = value;
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--' && !onlyPlaces) onlyPlaces = true;
    else if (!onlyPlaces && arg === '--json') json = true;
    else if (!onlyPlaces && (arg === '--help' || arg === '-h')) help = true;
    else if (!onlyPlaces && arg.startsWith('--')) {
      const equals = arg.indexOf('=');
      const text = equals < 0 ? arg : arg.slice(0, equals);
      const name = byFlag.get(text);
      if (name === undefined) refuseOption(command, text);
      const takesValue = known[name]?.value !== undefined;
      if (equals >= 0) put(name, takesValue ? arg.slice(equals + 1) : booleanOf(arg.slice(equals + 1)));
      else if (!takesValue) put(name, true);
      else {
        const next = args[++i];
        if (next === undefined || (next.startsWith('--') && next.length > 2)) {
          throw new InputError(command.name, `${text} needs a value`);
        }
        put(name, next);
      }
    } else {
      const name = places[place++];
      if (name === undefined) {
        throw new InputError(command.name, `takes ${places.length} arguments without a name`, arg);
      }
      put(name, arg);
    }
  }
  return { given, json, help };
}

const booleanOf = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);
