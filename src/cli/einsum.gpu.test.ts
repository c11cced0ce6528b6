/** `einsum --backend webgpu` as it is called: in an environment that knows of no software GPU, it finds one by itself. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/rankscape.mjs', import.meta.url));
const requests = [
  '{"id":1,"command":"einsum","equation":"ij,j->i","shapes":[[2,2],[2]],"operands":[[1,2,3,4],[1,10]],"backend":"webgpu"}',
  '{"id":2,"command":"einsum","equation":"ij,j->i","shapes":[[2,2],[2]],"operands":[[1,2,3],[1,10]],"backend":"webgpu"}',
  '{"id":3,"command":"einsum","equation":",->","shapes":[[],[]],"operands":[3,4],"backend":"webgpu"}',
];

function call(args: readonly string[], input: string, more: Readonly<Record<string, string>> = {}) {
  const { LD_LIBRARY_PATH: _, VK_ICD_FILENAMES: __, ...env } = process.env;
  const child = spawnSync(process.execPath, [script, ...args], {
    env: { ...env, ...more },
    input,
    encoding: 'utf8',
  });
  return { code: child.status, out: child.stdout, notes: child.stderr };
}

describe.skipIf(process.env['RANKSCAPE_GPU'] === undefined)('einsum --backend webgpu', () => {
  it('answers a batch, a mistake among it', { timeout: 120_000 }, () => {
    const { code, out } = call(['batch'], `${requests.join('\n')}\n`);
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { id: 1, ok: true, result: { shape: [2], values: [21, 43], backend: 'webgpu' } },
      { id: 2, ok: false, error: 'einsum: operand 0 must have 4 values, got 3' },
      { id: 3, ok: true, result: { shape: [], values: [12], backend: 'webgpu' } },
    ]);
  });

  it('names what is missing where there is none', { timeout: 120_000 }, () => {
    // As the program that was started again sees it, were there no software GPU either.
    const { code, out } = call(['batch'], `${requests[0]}\n`, { RANKSCAPE_SOFTWARE_GPU: '1' });
    expect(code).toBe(0);
    const { ok, error } = JSON.parse(out) as { readonly ok: boolean; readonly error?: string };
    // A machine with a GPU of its own answers.
    if (!ok)
      expect(error).toMatch(/^einsum: --backend webgpu found no GPU: no Vulkan driver, and no Chromium/);
  });
});
