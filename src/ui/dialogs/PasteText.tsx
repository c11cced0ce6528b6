/** Text that a person pastes and takes over: the field, its button, and what is wrong with the text. */

interface PasteTextProps {
  readonly label: string;
  /** What the button says. */
  readonly action: string;
  readonly text: string;
  readonly problem: string | null;
  /** Of the field, beside `field`. */
  readonly className?: string;
  readonly onText: (text: string) => void;
  readonly onUse: () => void;
}

export function PasteText({ label, action, text, problem, className = '', onText, onUse }: PasteTextProps) {
  return (
    <>
      <p>
        <label>
          <span className="note">{label}</span>
          <textarea
            className={`field ${className}`.trimEnd()}
            spellCheck={false}
            value={text}
            onChange={(event) => onText(event.currentTarget.value)}
          />
        </label>
      </p>
      <div className="actions">
        <button type="button" className="tb line" disabled={text.trim() === ''} onClick={onUse}>
          {action}
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
