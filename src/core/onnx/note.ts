/** The metadata key `rankscape`: `{version, link, layers}`, which of a file's layers stand there as factors. */
import type { ModelProto, StringStringEntryProto } from 'onnx-buf';
import { InputError } from '../base/checks.ts';
import { parseJson } from '../workload/json-text.ts';
import { withEntry } from './edit-graph.ts';

const key = 'rankscape';
const mostDepth = 8;

/** What the metadata say; null where they are not what this program writes. */
export interface Note {
  readonly layers: readonly NotedLayer[];
  readonly [field: string]: unknown;
}

export interface NotedLayer {
  readonly name: string;
  readonly [field: string]: unknown;
}

export function noteOf({ metadataProps }: ModelProto): Note | null {
  const entry = metadataProps.find((each) => each.key === key);
  if (entry === undefined) return null;
  try {
    const note = parseJson(entry.value, key, mostDepth);
    if (!isRecord(note) || !Array.isArray(note['layers'])) return null;
    const layers: readonly unknown[] = note['layers'];
    return layers.every(isNamed) ? { ...note, layers } : null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** The metadata with this note in place of any; without one where no layer is left to speak of. */
export function withNote({ metadataProps }: ModelProto, note: Note): StringStringEntryProto[] {
  if (note.layers.length === 0) return metadataProps.filter((each) => each.key !== key);
  return withEntry(metadataProps, key, JSON.stringify(note));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNamed = (value: unknown): value is NotedLayer => isRecord(value) && typeof value['name'] === 'string';
