/**
 * What was found out about this device, kept in IndexedDB: its roof, and which kernels won, each under a name that holds
 * adapter and shape class. Where the browser keeps nothing it is found anew.
 */
import type { DBSchema, IDBPDatabase } from 'idb';

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
  const opened: Promise<IDBPDatabase<Schema> | null> = Promise.race([
    import('idb').then(({ openDB }) =>
      openDB<Schema>('rankscape-device', version, {
        upgrade: (database) => {
          for (const name of database.objectStoreNames) database.deleteObjectStore(name);
          database.createObjectStore('found');
        },
      }),
    ),
    new Promise<null>((resolve) => setTimeout(resolve, longestWaitMs, null)),
  ]).catch(() => null);
  return {
    get: async (key) => {
      try {
        return await (await opened)?.get('found', key);
      } catch {
        return undefined;
      }
    },
    set: async (key, value) => {
      try {
        await (await opened)?.put('found', value, key);
      } catch {
        // A full disk costs time next visit, nothing else.
      }
    },
  };
}
