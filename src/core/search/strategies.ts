/** The searches by name. Each is deterministic by seed and budget. */
import { allocated } from './allocated.ts';
import { randomSearch, tltorch, uniformSvd } from './baselines.ts';
import { evolutionary } from './evolutionary.ts';
import type { Search, SearchSetting } from './setting.ts';
import { sweep } from './sweep.ts';
import { waterFilling } from './water-filling.ts';

export const strategies = {
  sweep,
  'uniform-svd': uniformSvd,
  tltorch,
  random: randomSearch,
  'water-filling': waterFilling,
  allocated,
  evolutionary,
} satisfies Readonly<Record<string, (setting: SearchSetting) => Search>>;
