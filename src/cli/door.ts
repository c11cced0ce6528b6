/**
 * The plain door: arguments in, text and an exit code out. `main.ts` connects it to the process.
 */
import { InputError } from '../core/base/checks.ts';
import type { Command, Surroundings } from './command.ts';
import { parseArguments } from './args.ts';
import { answerLines, linesOf } from './batch.ts';
import { commands, notYet } from './commands/index.ts';
import { flagOf } from './options.ts';
import { commandNamed, failureOf, runCommand } from './run.ts';

export interface Door extends Surroundings {
  readonly version: string;
  /** To stdout; resolves when there is room for more. */
  readonly print: (text: string) => void | Promise<void>;
  readonly input: AsyncIterable<string | Uint8Array>;
}

/** @returns the exit code: 0 done, 2 bad input, 1 our own fault */
export async function openDoor(args: readonly string[], door: Door): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      await door.print(`${overview()}\n`);
      return name === undefined ? 2 : 0;
    }
    if (name === '--version' || name === '-v') {
      await door.print(`${door.version}\n`);
      return 0;
    }
    if (name === 'batch') return await openBatch(rest, door);
    const command = commandNamed(name);
    const { given, json, help } = parseArguments(command, rest);
    if (help) {
      await door.print(`${helpOf(command)}\n`);
      return 0;
    }
    const { result, table } = await runCommand(command, given, door);
    await door.print(`${json ? JSON.stringify(result) : table()}\n`);
    return 0;
  } catch (error) {
    const { code, message } = failureOf(error, name ?? 'rankscape');
    door.note(message);
    return code;
  }
}

async function openBatch(args: readonly string[], door: Door): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await door.print(`${batchHelp}\n`);
    return 0;
  }
  const extra = args.find((arg) => arg !== '--json');
  if (extra !== undefined) throw new InputError('batch', 'takes its requests from stdin', extra);
  for await (const line of answerLines(linesOf(door.input), door)) await door.print(`${line}\n`);
  return 0;
}

const batchSummary = 'many requests, one start-up: JSON Lines in and out';

function overview(): string {
  const rows = [...commands, { name: 'batch', summary: batchSummary }];
  const width = rows.reduce((widest, { name }) => Math.max(widest, name.length), 0);
  return [
    'rankscape COMMAND ... [--json]',
    '',
    ...rows.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'rankscape COMMAND --help says more; --version prints the version. Without --json a table is printed, with it',
    'one JSON document. Exit code 0: done, 2: bad input, 1: our own fault.',
    '',
    `Not in this version: ${notYet.join(', ')}.`,
  ].join('\n');
}

const batchHelp = [
  'rankscape batch',
  '',
  `${batchSummary}.`,
  '',
  'One request a line on stdin, one answer a line on stdout, in order:',
  '  {"id": 1, "command": "path", "equation": "ij,jk->ik", "shapes": [[2,3],[3,4]]}',
  '  {"id":1,"ok":true,"result":{...}}  or  {"id":1,"ok":false,"error":"path: ..."}',
  'Options have camel-case names (outModes), lists and objects are JSON, files may be given inline.',
].join('\n');

function helpOf(command: Command): string {
  const entries = Object.entries(command.options).filter(([, option]) => option.positional !== true);
  const flags = entries.map(([name, { value = '', help }]) => {
    return { flag: `${flagOf(name)} ${value}`.trim(), help };
  });
  flags.push({ flag: '--json', help: 'one JSON document instead of a table' });
  const width = Math.min(
    28,
    flags.reduce((widest, { flag }) => Math.max(widest, flag.length), 0),
  );
  return [
    `rankscape ${command.usage} [--json]`,
    '',
    `${command.summary}.`,
    '',
    ...command.notes.map((line) => `  ${line}`),
    ...(command.notes.length > 0 ? [''] : []),
    'Options:',
    ...flags.map(({ flag, help }) =>
      flag.length > width ? `  ${flag}\n  ${' '.repeat(width)}  ${help}` : `  ${flag.padEnd(width)}  ${help}`,
    ),
  ].join('\n');
}
