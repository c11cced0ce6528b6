/** The least acceptable value, typed: the twin of the limit line on the plot. Empty means no limit. */
import { useState, type KeyboardEvent } from 'react';
import type { MetricWords } from '../metric.ts';

interface LimitFieldProps {
  readonly words: MetricWords['limit'];
  readonly limit: number | null;
  readonly onLimit: (limit: number | null) => void;
}

export function LimitField({ words, limit, onLimit }: LimitFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const invalid = draft !== null && words.read(draft) === undefined;
  const enter = (): void => {
    const next = draft === null ? undefined : words.read(draft);
    setDraft(null);
    if (next !== undefined && next !== limit) onLimit(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !invalid) enter();
    if (event.key === 'Escape') setDraft(null);
  };
  return (
    <label className="search-field" title={words.title}>
      {words.before}
      <input
        className="field"
        inputMode="decimal"
        autoComplete="off"
        placeholder="–"
        size={4}
        aria-invalid={invalid || undefined}
        aria-label={words.label}
        value={draft ?? (limit === null ? '' : words.write(limit))}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={enter}
      />
      {words.after}
    </label>
  );
}
