/** The environment in which Dawn finds Chromium's software GPU, or null without one. */
export function softwareVulkan(): Readonly<Record<'LD_LIBRARY_PATH' | 'VK_ICD_FILENAMES', string>> | null;
