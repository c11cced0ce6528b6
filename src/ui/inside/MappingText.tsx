/** A mapping out as JSON and back in: what `rankscape cost --mapping` reads. */
import { useState } from 'react';
import { InputError } from '../../core/base/checks.ts';
import { readMapping } from '../../core/cost/mapping-json.ts';
import type { Contraction, Mapping } from '../../core/cost/mapping.ts';
import { quantizationName } from '../../core/factor/check-quantization.ts';
import { presets } from '../../core/hardware/presets.ts';
import type { Config } from '../../state/config.ts';
import { sameData } from '../../state/same.ts';
import { useApp } from '../app.ts';
import { attempt } from '../dialogs/attempt.ts';
import { copyText, saveText } from '../dialogs/save.ts';
import { draftOf, mappingText, type NestDraft } from './nest-draft.ts';
import type { StagedStep } from './stage.ts';

export interface MappingTextProps {
  /** The mapping may cover padded extents of its GEMM. */
  readonly stage: StagedStep;
  readonly contraction: Contraction;
  /** Null while the fields are no mapping. */
  readonly mapping: Mapping | null;
  readonly onRead: (draft: NestDraft) => void;
}

export function MappingText(props: MappingTextProps) {
  const { stage, contraction, mapping, onRead } = props;
  const config = useApp((state) => state.config);
  const [text, setText] = useState('');
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const command = commandFor(config, stage);
  const copy = async (): Promise<void> => {
    if (mapping === null) return;
    const json = mappingText(mapping);
    if (await copyText(json)) return setSaid('Copied');
    setText(json);
    setSaid('The browser did not allow it: copy the text below by hand');
  };
  const use = (): void => {
    const read = attempt(() => draftOf(stage.machine, contraction, readMapping(parsed(text))));
    setProblem(read.ok ? null : read.problem);
    if (!read.ok) return;
    setText('');
    setSaid('Taken over');
    onRead(read.value);
  };
  return (
    <>
      <div className="actions">
        <button type="button" className="tb line" disabled={mapping === null} onClick={() => void copy()}>
          Copy as JSON
        </button>
        <button
          type="button"
          className="tb line"
          disabled={mapping === null}
          onClick={() =>
            mapping !== null && saveText('mapping.json', mappingText(mapping), 'application/json')
          }
        >
          Save as mapping.json
        </button>
        <span className="note" role="status">
          {said}
        </span>
      </div>
      {command !== null && (
        <p className="note command">
          The command line counts the same: <code>{command}</code>
        </p>
      )}
      <p>
        <label>
          <span className="note">Paste a mapping as JSON</span>
          <textarea
            className="field mapping"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </label>
      </p>
      <div className="actions">
        <button type="button" className="tb line" disabled={text.trim() === ''} onClick={use}>
          Use this mapping
        </button>
        {problem !== null && (
          <span className="problem" role="alert">
            {problem}
          </span>
        )}
      </div>
    </>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InputError('mapping', 'must be JSON: a list of levels, outermost first');
  }
}

/**
 * The command that costs a saved mapping; files stand for a machine that is no preset. Null where it cannot say the same:
 * operands that live on chip, or narrow ones in other slots than weights and inputs.
 */
export function commandFor(config: Config, { place, gemm }: StagedStep): string | null {
  const { accelerator, accounting, execution, quantization } = config;
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
    accounting === 'timeloop' ? '' : ` --accounting ${accounting}`,
    narrow ? ` --quantization ${quantizationName(quantization)}` : '',
    execution.outerWordsPerCycle === null ? '' : ` --dram-words ${execution.outerWordsPerCycle}`,
  ].join('');
}
