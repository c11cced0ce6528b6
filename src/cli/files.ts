/**
 * Files that a person names: read whole, refused in one line.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError } from '../core/base/checks.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'must exist',
  EISDIR: 'must be a file, not a folder',
  ENOTDIR: 'must be in a folder',
  EACCES: 'must be readable',
  EPERM: 'must be readable',
};

/** Runs a file operation; its failures name the file. */
export function onFile<T>(subject: string, name: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
      throw new InputError(
        subject,
        `file ${reasons[error.code] ?? `must be readable (${error.code})`}`,
        name,
      );
    }
    throw error;
  }
}

export function readTextFile(folder: string, name: string, subject: string): string {
  return onFile(subject, name, () => readFileSync(resolve(folder, name), 'utf8'));
}

export function readBytes(folder: string, name: string, subject: string): Uint8Array {
  return onFile(subject, name, () => readFileSync(resolve(folder, name)));
}

export function readJsonFile(folder: string, name: string, subject: string): unknown {
  const content = readTextFile(folder, name, subject);
  try {
    return JSON.parse(content) as unknown;
  } catch {
    throw new InputError(subject, 'file must hold JSON', name);
  }
}
