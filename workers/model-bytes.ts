/** Bytes of models in a worker: files of the page, fetched once, and dropped files, read in parts. */
import { InputError } from '../src/core/base/checks.ts';
import type { ByteSource } from '../src/core/workload/byte-source.ts';

const fetched = new Map<string, Promise<Uint8Array>>();

/** Kept: they are small, and the network may go. A failure is tried again at the next call. */
export function fetchModel(id: string, url: string): Promise<Uint8Array> {
  const known = fetched.get(url);
  if (known !== undefined) return known;
  const bytes = fetchBytes(id, url);
  fetched.set(url, bytes);
  bytes.catch(() => fetched.delete(url));
  return bytes;
}

/** Runtime and models ahead of their use: what could not be fetched now is fetched, and missed, when it is needed. */
export async function warm(runtime: () => Promise<unknown>, urls: readonly string[]): Promise<void> {
  try {
    await runtime();
    for (const url of urls) await fetchModel(url, url);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

async function fetchBytes(id: string, url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new InputError('model', `weights of ${id} could not be loaded`, `HTTP ${response.status}`);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('model', `weights of ${id} could not be loaded (${String(error)})`);
  }
}

export function fileSource(file: Blob): ByteSource {
  return {
    size: file.size,
    read: async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
  };
}
