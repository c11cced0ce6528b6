/** The commands of this version, and those that the contract names but this version does not have. */
import type { Command } from '../command.ts';
import { chainCommand } from './chain.ts';
import { costCommand } from './cost.ts';
import { dataCommand } from './data.ts';
import { einsumCommand } from './einsum.ts';
import { evaluateCommand } from './evaluate.ts';
import { exportCommand } from './export.ts';
import { factorizeCommand } from './factorize.ts';
import { infoCommand } from './info.ts';
import { pathCommand } from './path.ts';
import { searchCommand } from './search.ts';
import { shapesCommand } from './shapes.ts';
import { showCommand } from './show.ts';

export const commands: readonly Command[] = [
  pathCommand,
  einsumCommand,
  shapesCommand,
  costCommand,
  chainCommand,
  infoCommand,
  factorizeCommand,
  searchCommand,
  showCommand,
  evaluateCommand,
  dataCommand,
  exportCommand,
];

export const notYet: readonly string[] = ['distil'];
