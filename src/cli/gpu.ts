/**
 * WebGPU without a browser: Dawn, through the development dependency `webgpu` of a clone. Where Dawn finds no GPU but a
 * Chromium lies about with its software one, the requests go to this program started again in an environment in which
 * the loader finds it, as a batch.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type * as Dawn from 'webgpu';
import { softwareVulkan } from '../../scripts/vulkan.mjs';
import { InputError } from '../core/base/checks.ts';
import { openWebGpu, type WebGpuEngine } from '../engines/webgpu/engine.ts';

/** Dawn's instance: collected while in use it ends the process. */
const held = globalThis as { rankscapeDawn?: GPU };

let opened: Promise<WebGpuEngine | null> | null = null;

/** The engine of this process, null where Dawn finds no adapter; @throws InputError when Dawn is not installed */
export function openNodeGpu(): Promise<WebGpuEngine | null> {
  opened ??= open();
  return opened;
}

/** After its device was lost: the next request opens another. */
export function forgetNodeGpu(): void {
  opened = null;
}

async function open(): Promise<WebGpuEngine | null> {
  let dawn: typeof Dawn;
  try {
    dawn = await import('webgpu');
  } catch {
    throw new InputError(
      'einsum',
      '--backend webgpu needs the package webgpu (Dawn), which a clone has after npm ci; --backend wasm needs nothing',
    );
  }
  held.rankscapeDawn ??= dawn.create([]) as unknown as GPU;
  // One evaluation is over before the fastest kernel would be found.
  return openWebGpu({ gpu: held.rankscapeDawn, tuneMs: 0 });
}

/** Set in the program that was started again, so that it does not start another. */
const startedAgain = 'RANKSCAPE_SOFTWARE_GPU';

interface Answer {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

interface Helper {
  readonly ask: (request: Readonly<Record<string, unknown>>) => Promise<Answer>;
}

let helper: Helper | null = null;

/**
 * A request of the batch, answered on the software GPU.
 * @param program the file that starts this program
 * @throws InputError when there is none, or as the command does
 */
export async function askSoftwareGpu(
  program: string | undefined,
  request: Readonly<Record<string, unknown>>,
  note: (line: string) => void,
): Promise<unknown> {
  const environment = softwareVulkan();
  if (environment === null || program === undefined || process.env[startedAgain] !== undefined) {
    throw new InputError(
      'einsum',
      '--backend webgpu found no GPU: no Vulkan driver, and no Chromium with its software one (CHROMIUM_PATH names one)',
    );
  }
  if (helper === null) note('einsum: no GPU found, taking the software one that comes with Chromium');
  helper ??= start(program, { ...environment, [startedAgain]: '1' });
  const { ok, result, error = '' } = await helper.ask(request);
  if (!ok) throw new InputError('einsum', error.replace(/^einsum: /, ''));
  return result;
}

function start(program: string, environment: Readonly<Record<string, string>>): Helper {
  const child = spawn(process.execPath, [program, 'batch'], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<IteratorResult<string>>((resolve) =>
    child.once('error', () => resolve({ done: true, value: undefined })),
  );
  const hold = (keep: boolean): void => keepAlive(child, keep);
  hold(false);
  return {
    ask: async (request) => {
      hold(true);
      child.stdin.write(`${JSON.stringify({ id: 1, ...request })}\n`);
      const { done, value } = await Promise.race([answers.next(), ended]);
      hold(false);
      if (done === true) {
        helper = null;
        return {
          ok: false,
          error: 'the software GPU ended without an answer; --backend wasm computes the same',
        };
      }
      return JSON.parse(value) as Answer;
    },
  };
}

/** A program at rest must not keep this one from ending; it ends itself when its input does. */
function keepAlive(child: ChildProcess, keep: boolean): void {
  for (const each of [child, child.stdin, child.stdout]) {
    const handle = each as { readonly ref?: () => void; readonly unref?: () => void } | null;
    if (keep) handle?.ref?.();
    else handle?.unref?.();
  }
}
