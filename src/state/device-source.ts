/** The measurements on this device and the worker they run in; loaded when someone looks for them. */
import type { StoreApi } from 'zustand/vanilla';
import type { DeviceReply, DeviceRequest } from '../../workers/protocol.ts';
import { createDeviceBench, type DeviceBench, type DeviceRun } from './device-run.ts';
import { openWorker } from './worker-client.ts';

export interface DeviceSource {
  readonly run: StoreApi<DeviceRun>;
  readonly bench: DeviceBench;
  /** Starts the worker ahead of its first question, so that it needs no network. */
  readonly warm: () => void;
}

export function openDevice(): DeviceSource {
  const port = openWorker<DeviceRequest, DeviceReply>(
    () => new Worker(new URL('../../workers/device.worker.ts', import.meta.url), { type: 'module' }),
  );
  return { ...createDeviceBench(port), warm: port.warm };
}
