/** Files that an export makes: their bytes come piece by piece, so that memory need not hold them. */
import { strToU8 } from 'fflate';
import type { OutputFile } from '../onnx/write.ts';

export interface ExportFile extends OutputFile {
  /** Without a folder. */
  readonly name: string;
}

export function textFile(name: string, text: string): ExportFile {
  return bytesFile(name, strToU8(text));
}

export function bytesFile(name: string, bytes: Uint8Array): ExportFile {
  return {
    name,
    bytes: bytes.length,
    chunks: async function* chunks() {
      yield bytes;
    },
  };
}
