/**
 * A GPU for Dawn in Node where the machine has none: the Vulkan driver in software (SwiftShader) that lies beside every
 * Chromium, with its loader. The loader reads LD_LIBRARY_PATH only when a process starts.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findBrowser } from './browser.mjs';

const driver = 'vk_swiftshader_icd.json';

const places = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
  '/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Libraries',
];

/** The environment in which Dawn finds it, or null where there is no such driver. */
export function softwareVulkan() {
  const browser = findBrowser();
  const folders = browser === undefined ? places : [dirname(realpathSync(browser)), ...places];
  const folder = folders.find((place) => existsSync(join(place, driver)));
  if (folder === undefined) return null;
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { LD_LIBRARY_PATH: libraries, VK_ICD_FILENAMES: join(folder, driver) };
}
