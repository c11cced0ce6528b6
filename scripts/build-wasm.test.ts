import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildWasm } from './build-wasm.mjs';

describe('build:wasm', () => {
  // The compiler alone takes 3 s.
  it('makes the same bytes as are there', { timeout: 60_000 }, async () => {
    const there = readFileSync(new URL('../src/engines/wasm/module.ts', import.meta.url), 'utf8');
    expect(await buildWasm()).toBe(there);
  });
});
