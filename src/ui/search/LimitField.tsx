/** Least weight energy kept, typed: the twin of the limit line on the plot. Empty means no limit. */
import { useState, type KeyboardEvent } from 'react';

interface LimitFieldProps {
  readonly limit: number | null;
  readonly onLimit: (limit: number | null) => void;
}

/** A percentage with at most two decimals, null for none, undefined for anything else. */
export function readLimit(text: string): number | null | undefined {
  const plain = text.trim().replace('%', '').replace(',', '.').trim();
  if (plain === '') return null;
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(plain)) return undefined;
  const value = Number(plain);
  return value <= 100 ? value : undefined;
}

export function LimitField({ limit, onLimit }: LimitFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const invalid = draft !== null && readLimit(draft) === undefined;
  const enter = (): void => {
    const next = draft === null ? undefined : readLimit(draft);
    setDraft(null);
    if (next !== undefined && next !== limit) onLimit(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !invalid) enter();
    if (event.key === 'Escape') setDraft(null);
  };
  return (
    <label className="search-field" title="The limit line on the plot: designs below it keep too little">
      keep at least
      <input
        className="field"
        inputMode="decimal"
        autoComplete="off"
        placeholder="–"
        size={4}
        aria-invalid={invalid || undefined}
        aria-label="Least weight energy kept, percent; empty for no limit"
        value={draft ?? (limit === null ? '' : String(limit))}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={enter}
      />
      %
    </label>
  );
}
