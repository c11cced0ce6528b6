/** One layer: M rows of K meet a matrix N × K. */
import { useState } from 'react';
import { gemmModel } from '../../core/workload/custom.ts';
import { resolveWorkload } from '../../core/workload/workload.ts';
import { attempt } from './attempt.ts';

interface Gemm {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const fields = [
  ['m', 'M, rows (tokens in flight)'],
  ['n', 'N, outputs'],
  ['k', 'K, inputs'],
] as const;

export interface GemmFormProps {
  readonly start: Gemm;
  readonly onTake: (gemm: Gemm) => void;
}

export function GemmForm({ start, onTake }: GemmFormProps) {
  const [texts, setTexts] = useState({ m: String(start.m), n: String(start.n), k: String(start.k) });
  const number = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));
  const gemm: Gemm = { m: number(texts.m), n: number(texts.n), k: number(texts.k) };
  const result = attempt(() => resolveWorkload(gemmModel(gemm.n, gemm.k), { tokens: gemm.m }));
  return (
    <>
      <div className="fields">
        {fields.map(([key, title]) => (
          <label key={key}>
            {title}
            <input
              className="field"
              inputMode="numeric"
              aria-invalid={!Number.isSafeInteger(gemm[key]) || undefined}
              value={texts[key]}
              onChange={(event) => setTexts({ ...texts, [key]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <div className="actions">
        <button type="button" className="tb primary" disabled={!result.ok} onClick={() => onTake(gemm)}>
          Use this layer
        </button>
        {!result.ok && (
          <span className="problem" role="alert">
            {result.problem}
          </span>
        )}
      </div>
    </>
  );
}
