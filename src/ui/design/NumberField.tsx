/** A typed number, whole unless `decimals`. Invalid text stays on screen with the rule; Escape and leaving bring the last value back. */
import { useState, type KeyboardEvent } from 'react';

export interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly className?: string;
  readonly readOnly?: boolean;
  readonly decimals?: boolean;
  readonly onEnter: (value: number) => void;
  /** Told while the text is no number in range, so that the row can say the rule. */
  readonly onInvalid?: (invalid: boolean) => void;
}

/** The number a text means, whole unless `decimals`; null when it is none in the range. */
export function readNumber(text: string, min: number, max: number, decimals = false): number | null {
  const plain = text.trim().replace(/[\s,_]/g, '');
  const form = decimals ? /^(\d{1,15}(\.\d{0,9})?|\.\d{1,9})$/ : /^\d{1,15}$/;
  if (!form.test(plain)) return null;
  const value = Number(plain);
  return value >= min && value <= max ? value : null;
}

export function NumberField(props: NumberFieldProps) {
  const { label, value, min, max, className = 'field', readOnly = false, onEnter, onInvalid } = props;
  const { decimals = false } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const invalid = draft !== null && readNumber(draft, min, max, decimals) === null;

  const put = (text: string | null): void => {
    setDraft(text);
    onInvalid?.(text !== null && readNumber(text, min, max, decimals) === null);
  };
  const enter = (): void => {
    const next = draft === null ? null : readNumber(draft, min, max, decimals);
    if (next === null) return;
    put(null);
    if (next !== value) onEnter(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Enter') enter();
    if (event.key === 'Escape' && draft !== null) {
      event.stopPropagation();
      event.preventDefault();
      put(null);
    }
  };
  return (
    <input
      className={className}
      inputMode={decimals ? 'decimal' : 'numeric'}
      autoComplete="off"
      aria-label={label}
      aria-invalid={invalid || undefined}
      data-draft={draft === null ? 'none' : undefined}
      value={draft ?? String(value)}
      readOnly={readOnly}
      onChange={(event) => put(event.currentTarget.value)}
      onKeyDown={onKeyDown}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={() => {
        enter();
        put(null);
      }}
    />
  );
}
