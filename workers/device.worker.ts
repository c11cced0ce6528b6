/** Kernels of our own on this device: a thin shell around `device-session`. To cancel it is ended. */
import { openJs } from '../src/engines/js/js.ts';
import { openWasm } from '../src/engines/wasm/wasm.ts';
import { openWebGpu } from '../src/engines/webgpu/engine.ts';
import { findAdapter } from './adapter.ts';
import { createDeviceSession } from './device-session.ts';
import { openDeviceStore } from './device-store.ts';
import type { DeviceReply, DeviceRequest } from './protocol.ts';
import { problemOf } from './problem.ts';

const post = (reply: DeviceReply): void => self.postMessage(reply);
const store = openDeviceStore();

const measure = createDeviceSession({
  findAdapter,
  open: async (backend, onTuning) => {
    switch (backend) {
      case 'js':
        return openJs();
      case 'wasm':
        return openWasm();
      case 'webgpu':
        return openWebGpu({ store, onTuning });
    }
    backend satisfies never;
  },
  store,
  now: () => performance.now(),
  date: () => Date.now(),
  post,
});

self.addEventListener('message', ({ data }: MessageEvent<DeviceRequest>) => {
  measure(data).catch((error: unknown) => {
    post({ kind: 'device-failed', run: data.run, message: problemOf(error) });
  });
});
