/** A mapping out as JSON and back in: what `rankscape cost --mapping` reads. */
import { useState } from 'react';
import { InputError } from '../../core/base/checks.ts';
import { readMapping } from '../../core/cost/mapping-json.ts';
import type { Contraction, Mapping } from '../../core/cost/mapping.ts';
import { useApp } from '../app.ts';
import { attempt } from '../dialogs/attempt.ts';
import { PasteText } from '../dialogs/PasteText.tsx';
import { copyText, saveText } from '../dialogs/save.ts';
import { commandFor } from './command.ts';
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
      <PasteText
        label="Paste a mapping as JSON"
        action="Use this mapping"
        className="mapping"
        text={text}
        problem={problem}
        onText={setText}
        onUse={use}
      />
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
