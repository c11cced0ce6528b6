/** The command line's word for what the page counts. */
import { quantizationName } from '../../core/factor/check-quantization.ts';
import { presets } from '../../core/hardware/presets.ts';
import type { Config } from '../../state/config.ts';
import { sameData } from '../../state/same.ts';
import type { Stage } from './stage.ts';

type Setting = Pick<Config, 'accelerator' | 'accounting' | 'execution' | 'quantization'>;

/**
 * The command that costs a saved mapping; files stand for a machine that is no preset. Null where it cannot say the same:
 * operands that live on chip, or narrow ones in other slots than weights and inputs.
 */
export function commandFor(setting: Setting, { place, gemm, ragged }: Stage): string | null {
  const { accelerator, accounting, execution, quantization } = setting;
  const narrow = quantization.kind !== 'none';
  if (place !== null || (narrow && (gemm.slots ?? 'aw') !== 'aw')) return null;
  const preset = presets[accelerator.name];
  const known = preset !== undefined && sameData(preset, accelerator);
  const { batch, m, n, k } = gemm;
  const work =
    batch === 1
      ? `--gemm ${m},${n},${k}`
      : `--einsum 'BMK,BKN->BMN' --shapes '[[${batch},${m},${k}],[${batch},${k},${n}]]'`;
  return [
    `rankscape cost ${work} --accelerator ${known ? accelerator.name : 'accelerator.json'} --mapping mapping.json`,
    ragged ? ' --factors ragged' : '',
    accounting === 'timeloop' ? '' : ` --accounting ${accounting}`,
    narrow ? ` --quantization ${quantizationName(quantization)}` : '',
    execution.hopPj > 0 ? ` --hop ${execution.hopPj}` : '',
    execution.leakagePjPerCycle > 0 ? ` --leakage ${execution.leakagePjPerCycle}` : '',
    execution.doubleBuffered ? ' --double-buffered' : '',
    execution.outerWordsPerCycle === null ? '' : ` --dram-words ${execution.outerWordsPerCycle}`,
  ].join('');
}
