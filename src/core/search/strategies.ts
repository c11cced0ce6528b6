/** The searches by name. Each is deterministic by seed and budget. */
import { randomSearch, tltorch, uniformSvd } from './baselines.ts';
import type { Search, SearchSetting } from './setting.ts';
import { sweep } from './sweep.ts';

export const strategies = {
  sweep,
  'uniform-svd': uniformSvd,
  tltorch,
  random: randomSearch,
} satisfies Readonly<Record<string, (setting: SearchSetting) => Search>>;
