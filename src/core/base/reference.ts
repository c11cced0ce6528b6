/**
 * Test-only: reads the reference figures that lie beside a clone (`../shared/reference`), null when they are absent.
 * Kept out of the core's build by its name in tsconfig.core.json.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../shared/reference/', import.meta.url));

/** The parsed JSON file, or null (the caller then skips with a message). */
export function reference<T>(name: string): T | null {
  const path = `${folder}${name}`;
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : null;
}
