/**
 * The GPU of Node's tests: Dawn, with whatever Vulkan driver the environment names. Null without one. The instance
 * stays in a global: collected while in use it aborts the process.
 */
const held = globalThis as { rankscapeGpu?: GPU };

export async function nodeGpu(): Promise<GPU | null> {
  if (process.env['VK_ICD_FILENAMES'] === undefined) return null;
  const { create } = await import('webgpu');
  held.rankscapeGpu ??= create([]) as unknown as GPU;
  return held.rankscapeGpu;
}
