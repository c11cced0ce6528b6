/** Test-only: the command line in an empty folder of its own, which goes with the test file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { openDoor } from './door.ts';

interface Answer {
  readonly code: number;
  readonly out: string;
  /** What went to stderr. */
  readonly notes: readonly string[];
}

export interface FolderDoor {
  readonly folder: string;
  readonly run: (...args: readonly string[]) => Promise<Answer>;
  /** The JSON of a command that succeeds and has nothing to say beside it. */
  readonly json: <T>(...args: readonly string[]) => Promise<T>;
}

/** @param tick milliseconds between two looks at the clock */
export function doorInFolder({ tick = 0 } = {}): FolderDoor {
  const folder = mkdtempSync(join(tmpdir(), 'rankscape-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = async (...args: readonly string[]): Promise<Answer> => {
    let out = '';
    let time = 0;
    const notes: string[] = [];
    const code = await openDoor(args, {
      version: '',
      folder,
      now: () => (time += tick),
      note: (line) => notes.push(line),
      print: (text) => {
        out += text;
      },
      input: (async function* () {})(),
    });
    return { code, out, notes };
  };
  return {
    folder,
    run,
    json: async <T>(...args: readonly string[]): Promise<T> => {
      const { code, out, notes } = await run(...args, '--json');
      expect({ code, notes }).toEqual({ code: 0, notes: [] });
      return JSON.parse(out) as T;
    },
  };
}
