/**
 * Accelerators as text: JSON or YAML in, YAML out. Apart from `parse.ts`, so that the YAML reader is only loaded
 * where text is read. Hostile text (huge, deep, alias bombs) is refused before it costs anything.
 */
import { isScalar, parseDocument, stringify, visit } from 'yaml';

import { InputError, check } from '../base/checks.ts';
import type { Accelerator } from './accelerator.ts';
import { parseAccelerator, printAccelerator } from './parse.ts';

const mostCharacters = 256 * 1024;
const mostDepth = 32;
const mostAliases = 100;

/**
 * Reads one machine from JSON or YAML text.
 * @throws InputError when the text is neither, too large or too deep, or the machine is impossible.
 */
export function parseAcceleratorText(text: string, name?: string): Accelerator {
  check(
    text.length <= mostCharacters,
    'accelerator',
    `text must have at most ${mostCharacters} characters`,
    text.length,
  );
  const body = text.replace(/^\uFEFF/, '');
  check(!isDeep(body), 'accelerator', `text must not nest deeper than ${mostDepth}`);
  return parseAccelerator(readJson(body) ?? readYaml(body), name);
}

/** The machine as YAML; `parseAcceleratorText` gives the same accelerator back. */
export function printAcceleratorYaml(accelerator: Accelerator): string {
  return stringify(printAccelerator(accelerator));
}

/** The value, or null when it is no JSON (JSON that says null is no machine either; YAML then reports it). */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function readYaml(text: string): unknown {
  // Both options off cost time quadratic in hostile text: uniqueness is checked below, lines are counted once.
  const document = parseDocument(text, {
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
    schema: 'core',
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split('\n').length;
    throw new InputError(
      'accelerator',
      `text must be JSON or YAML (line ${line}: ${firstLine(problem.message)})`,
    );
  }
  visit(document, { Map: (_, map) => checkKeys(map.items.map((pair) => pair.key)) });
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    const reason = error instanceof Error ? firstLine(error.message) : '';
    throw new InputError('accelerator', `text must be JSON or YAML (${reason})`);
  }
}

function checkKeys(keys: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const key of keys) {
    const name = isScalar(key) ? key.value : key;
    if (seen.has(name)) throw new InputError('accelerator', 'keys must differ', String(name));
    seen.add(name);
  }
}

const firstLine = (message: string): string => (message.split('\n')[0] ?? '').slice(0, 80);

/** Counts unclosed brackets and compact `- - -` or `? ? ?` runs anywhere; a rough bound, never below the true depth by much. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth > mostDepth) return true;
  }
  return new RegExp(`(?:[-?:][ \\t]+){${mostDepth},}`).test(text) || indentSteps(text) > mostDepth;
}

/** How many lines in a row, at most, are each indented deeper than the one before. */
function indentSteps(text: string): number {
  let most = 0;
  const open: number[] = [];
  for (const line of text.split('\n')) {
    const indent = line.search(/\S/);
    if (indent < 0) continue;
    while (open.length > 0 && (open.at(-1) ?? 0) >= indent) open.pop();
    open.push(indent);
    most = Math.max(most, open.length);
  }
  return most;
}
