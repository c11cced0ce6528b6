/** Several files as one zip, piece by piece. Numbers hardly deflate, so that only texts do. */
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { check } from '../base/checks.ts';
import type { ExportFile } from './file.ts';

/** Sizes and offsets are 32-bit (APPNOTE.TXT 4.4; no zip64 here). */
const mostBytes = 2 ** 32 - 1;
/** DOS time cannot be before 1980 (APPNOTE.TXT 4.4.6). The same files give the same bytes, whenever they are made. */
const epoch = '1980-01-01T00:00:00';

/** @throws InputError beyond 4 GiB */
export async function* zipChunks(files: readonly ExportFile[]): AsyncGenerator<Uint8Array> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  check(total < mostBytes, 'zip', 'must have less than 4 GiB; take the files one by one', total);
  const ready: Uint8Array[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error === null) ready.push(chunk);
    else failure = error;
  });
  const drained = (): readonly Uint8Array[] => {
    if (failure !== null) throw failure;
    return ready.splice(0);
  };
  for (const { name, chunks } of files) {
    const entry = isText(name) ? new ZipDeflate(name, { level: 6 }) : new ZipPassThrough(name);
    entry.mtime = epoch;
    zip.add(entry);
    for await (const chunk of chunks()) {
      entry.push(chunk);
      yield* drained();
    }
    entry.push(new Uint8Array(0), true);
    yield* drained();
  }
  zip.end();
  yield* drained();
}

const isText = (name: string): boolean => /\.(?:py|json|csv|txt|bib|svg|ipynb|md)$/.test(name);
