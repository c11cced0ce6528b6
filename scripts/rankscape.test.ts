/** The command line as it is called: npm's environment, another folder, exit codes, clean stdout. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const call = (folder: string, args: readonly string[], input = ''): Promise<Outcome> =>
  new Promise((resolve) => {
    // As npm does: the script runs in the project, INIT_CWD says where npm was called.
    const env = { ...process.env, npm_lifecycle_event: 'rankscape', INIT_CWD: folder };
    const child = execFile(
      process.execPath,
      ['scripts/rankscape.mjs', ...args],
      { cwd: root, env },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });

it('builds when it must and answers', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rankscape-'));
  try {
    writeFileSync(join(folder, 'operands.json'), '[[1,2],[3,4]]');
    const einsum = ['einsum', 'i,i->', '[[2],[2]]', '--operands', 'operands.json', '--json'];
    expect(await call(folder, einsum)).toEqual({
      code: 0,
      stdout: '{"shape":[],"values":[11],"backend":"js"}\n',
      stderr: '',
    });
    const wrong = await call(folder, ['path', 'i1', '[[2]]', '--json']);
    expect({ ...wrong, lines: wrong.stderr.trimEnd().split('\n').length }).toMatchObject({
      code: 2,
      stdout: '',
      lines: 1,
    });
    const { code, stdout } = await call(folder, ['batch'], '{"id":1,"command":"shapes","in":4,"out":4}\nx\n');
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { ok: boolean }).ok),
    ).toEqual([true, false]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
