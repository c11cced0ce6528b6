/** Files as streams: written beside the name, then moved there, so that no half file stands where a whole one did. */
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError, check } from '../core/base/checks.ts';
import type { ExportFile } from '../core/export/file.ts';

/** Absolute path of an output that may be written. @throws InputError that says why not */
export function outputPath(folder: string, output: string, subject: string): string {
  const path = resolve(folder, output);
  check(existsSync(dirname(path)), subject, '--output must be in a folder that exists', output);
  check(
    !existsSync(path) || statSync(path).isFile(),
    subject,
    '--output must be a file, not a folder',
    output,
  );
  return path;
}

/** Writes files into a folder, all or none. @throws InputError when there is no room or no permission */
export async function writeFiles(
  folder: string,
  files: readonly ExportFile[],
  subject: string,
): Promise<void> {
  const parts = files.map(({ name }) => join(folder, `.${basename(name)}.part`));
  try {
    for (const [k, { chunks }] of files.entries())
      await pipeline(Readable.from(chunks()), createWriteStream(parts[k] ?? ''));
    files.forEach(({ name }, k) => renameSync(parts[k] ?? '', join(folder, name)));
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      typeof error.code === 'string' &&
      /^E[A-Z]+$/.test(error.code)
    )
      throw new InputError(subject, `output could not be written (${error.code})`, folder);
    throw error;
  } finally {
    for (const part of parts) rmSync(part, { force: true });
  }
}
