/** A transformer by its numbers; what is wrong is said under the fields. */
import { useState } from 'react';
import { customLimits, customModel, type CustomModel } from '../../core/workload/custom.ts';
import { countParameters } from '../../core/workload/workload.ts';
import { formatCount, formatExact } from '../format.ts';
import { attempt } from './attempt.ts';

const fields = [
  ['width', 'Width'],
  ['layers', 'Layers'],
  ['ffn', 'Feed-forward width'],
  ['heads', 'Heads'],
  ['kvHeads', 'Key-value heads'],
  ['vocabulary', 'Vocabulary (0: none)'],
] as const;

const opening: CustomModel = {
  width: 768,
  layers: 12,
  ffn: 3072,
  heads: 12,
  kvHeads: 12,
  gatedMlp: false,
  vocabulary: 30_522,
};

export interface CustomModelFormProps {
  readonly start: CustomModel | null;
  readonly onTake: (spec: CustomModel) => void;
}

export function CustomModelForm({ start, onTake }: CustomModelFormProps) {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(fields.map(([key]) => [key, String((start ?? opening)[key])])),
  );
  const [gatedMlp, setGated] = useState((start ?? opening).gatedMlp);
  const number = (key: string): number => (texts[key]?.trim() === '' ? Number.NaN : Number(texts[key]));
  const spec: CustomModel = {
    width: number('width'),
    layers: number('layers'),
    ffn: number('ffn'),
    heads: number('heads'),
    kvHeads: number('kvHeads'),
    vocabulary: number('vocabulary'),
    gatedMlp,
  };
  const model = attempt(() => customModel(spec));
  return (
    <>
      <div className="fields">
        {fields.map(([key, title]) => (
          <label key={key}>
            {title}
            <input
              className="field"
              inputMode="numeric"
              title={`up to ${formatExact(customLimits[key])}`}
              aria-invalid={!Number.isSafeInteger(spec[key]) || undefined}
              value={texts[key] ?? ''}
              onChange={(event) => setTexts({ ...texts, [key]: event.currentTarget.value })}
            />
          </label>
        ))}
        <label className="check">
          <input
            type="checkbox"
            checked={gatedMlp}
            onChange={(event) => setGated(event.currentTarget.checked)}
          />
          Gated feed-forward (three matrices)
        </label>
      </div>
      <div className="actions">
        <button type="button" className="tb primary" disabled={!model.ok} onClick={() => onTake(spec)}>
          Use this transformer
        </button>
        {model.ok ? (
          <span className="note">
            {model.value.linears.length} matrices, {formatCount(countParameters(model.value).linear)}{' '}
            parameters in them
          </span>
        ) : (
          <span className="problem" role="alert">
            {model.problem}
          </span>
        )}
      </div>
    </>
  );
}
