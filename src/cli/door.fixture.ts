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
  /** @param input what comes on stdin, or its pieces */
  readonly answer: (args: readonly string[], input?: string | readonly Uint8Array[]) => Promise<Answer>;
  readonly run: (...args: readonly string[]) => Promise<Answer>;
  /** The JSON of a command that succeeds and has nothing to say beside it. */
  readonly json: <T>(...args: readonly string[]) => Promise<T>;
}

/** @param tick milliseconds between two looks at the clock */
export function doorInFolder({ tick = 0, version = '' } = {}): FolderDoor {
  const folder = mkdtempSync(join(tmpdir(), 'rankscape-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const answer: FolderDoor['answer'] = async (args, input = '') => {
    let out = '';
    let time = 0;
    const notes: string[] = [];
    const code = await openDoor(args, {
      version,
      folder,
      now: () => (time += tick),
      note: (line) => notes.push(line),
      print: (text) => {
        out += text;
      },
      input: (async function* () {
        yield* typeof input === 'string' ? [input] : input;
      })(),
    });
    return { code, out, notes };
  };
  return {
    folder,
    answer,
    run: (...args) => answer(args),
    json: async <T>(...args: readonly string[]): Promise<T> => {
      const { code, out, notes } = await answer([...args, '--json']);
      expect({ code, notes }).toEqual({ code: 0, notes: [] });
      return JSON.parse(out) as T;
    },
  };
}
