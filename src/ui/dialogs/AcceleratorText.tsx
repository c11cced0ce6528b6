/** An accelerator in or out as YAML or JSON. The YAML library is loaded with this. */
import { useState } from 'react';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { printAccelerator } from '../../core/hardware/parse.ts';
import { parseAcceleratorText, printAcceleratorYaml } from '../../core/hardware/text.ts';
import { attempt } from './attempt.ts';
import { PasteText } from './PasteText.tsx';
import { saveText } from './save.ts';

export interface AcceleratorTextProps {
  readonly current: Accelerator;
  readonly onRead: (accelerator: Accelerator) => void;
}

export function AcceleratorText({ current, onRead }: AcceleratorTextProps) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const read = (given: string, name?: string): void => {
    const result = attempt(() => parseAcceleratorText(given, name));
    setProblem(result.ok ? null : result.problem);
    if (!result.ok) return;
    setText('');
    onRead(result.value);
  };
  const json = (): string => `${JSON.stringify(printAccelerator(current), null, 2)}\n`;
  return (
    <>
      <div className="actions">
        <button
          type="button"
          className="tb line"
          onClick={() => saveText(`${current.name}.yaml`, printAcceleratorYaml(current), 'application/yaml')}
        >
          Save YAML
        </button>
        <button
          type="button"
          className="tb line"
          onClick={() => saveText(`${current.name}.json`, json(), 'application/json')}
        >
          Save JSON
        </button>
        <button type="button" className="tb" onClick={() => setText(printAcceleratorYaml(current))}>
          Show as YAML
        </button>
        <label className="tb filebutton">
          Open a file
          <input
            type="file"
            className="hidden"
            accept=".yaml,.yml,.json"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = '';
              if (file !== undefined)
                void file.text().then((given) => read(given, file.name.replace(/\.\w+$/, '')));
            }}
          />
        </label>
      </div>
      <PasteText
        label="Paste a machine as YAML or JSON"
        action="Use this text"
        text={text}
        problem={problem}
        onText={setText}
        onUse={() => read(text)}
      />
    </>
  );
}
