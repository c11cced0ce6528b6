/**
 * What was found out about this device, kept in IndexedDB: its roof, and which kernels won, each under a name that holds
 * adapter and shape class. Where the browser keeps nothing it is found anew in each tab.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

interface Schema extends DBSchema {
  found: { key: string; value: unknown };
}

export interface DeviceStore {
  readonly get: (key: string) => Promise<unknown>;
  readonly set: (key: string, value: unknown) => Promise<void>;
}

/** Kernels change with the page: what older ones found is not asked for. */
const version = 1;
const longestWaitMs = 2000;

export function openDeviceStore(): DeviceStore {
  const found = new Map<string, unknown>();
  let database: Promise<IDBPDatabase<Schema> | null> | null = null;
  const opened = (): Promise<IDBPDatabase<Schema> | null> => (database ??= open());
  return {
    get: async (key) => {
      if (found.has(key)) return found.get(key);
      try {
        return await (await opened())?.get('found', key);
      } catch {
        return undefined;
      }
    },
    set: async (key, value) => {
      found.set(key, value);
      try {
        await (await opened())?.put('found', value, key);
      } catch {
        // A full disk costs time next visit, nothing else.
      }
    },
  };
}

/** Null where there is no storage, or another tab holds it. */
async function open(): Promise<IDBPDatabase<Schema> | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, longestWaitMs, null));
  const database = openDB<Schema>('rankscape-device', version, {
    upgrade: (fresh) => {
      for (const name of fresh.objectStoreNames) fresh.deleteObjectStore(name);
      fresh.createObjectStore('found');
    },
  });
  try {
    return await Promise.race([database, late]);
  } catch {
    return null;
  }
}
