/** One of a few, side by side: a radio group with one focus stop; arrows choose. */
import type { KeyboardEvent } from 'react';

export interface ChoiceOption<T extends string> {
  readonly value: T;
  readonly text: string;
  readonly title?: string;
}

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly ChoiceOption<T>[];
  readonly onChange: (value: T) => void;
}

/** What the arrow keys of a radio group choose next; null for other keys. */
export function nextChoice<T>(values: readonly T[], value: T, key: string): T | null {
  const step =
    key === 'ArrowRight' || key === 'ArrowDown' ? 1 : key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 0;
  if (step === 0 || values.length === 0) return null;
  const at = values.indexOf(value);
  return values[(at + step + values.length) % values.length] ?? null;
}

export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const onKeyDown = (event: KeyboardEvent<HTMLButtonElement>): void => {
    const next = nextChoice(
      options.map((option) => option.value),
      value,
      event.key,
    );
    if (next === null) return;
    event.preventDefault();
    onChange(next);
    event.currentTarget.parentElement
      ?.querySelector<HTMLElement>(`[data-value="${CSS.escape(next)}"]`)
      ?.focus();
  };
  return (
    <div className="seg" role="radiogroup" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          data-value={option.value}
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          title={option.title}
          onKeyDown={onKeyDown}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </div>
  );
}
