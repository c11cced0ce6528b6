/**
 * The GPU of Node's tests: Dawn, with the driver that `npm run test:gpu` found. Null in the unit tests. The instance stays
 * in a global: collected while in use it aborts the process.
 */
const held = globalThis as { rankscapeGpu?: GPU };

export async function nodeGpu(): Promise<GPU | null> {
  const { env } = process;
  if (env['RANKSCAPE_GPU'] === undefined && env['VK_ICD_FILENAMES'] === undefined) return null;
  const { create } = await import('webgpu');
  held.rankscapeGpu ??= create([]) as unknown as GPU;
  return held.rankscapeGpu;
}
