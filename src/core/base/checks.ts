/**
 * Two kinds of failure. `InputError` is the user's: it names subject, rule and value in one line and is shown as it is.
 * `invariant` is ours: its message starts with `internal:` and reaches a person only through a bug.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** @param subject what is wrong (`einsum`, `accelerator`), @param rule what it must be, @param value what was given */
  constructor(
    readonly subject: string,
    readonly rule: string,
    readonly value?: unknown,
  ) {
    super(value === undefined ? `${subject}: ${rule}` : `${subject}: ${rule}, got ${show(value)}`);
  }
}

/** Throws an `InputError` unless `condition` holds. */
export function check(condition: boolean, subject: string, rule: string, value?: unknown): asserts condition {
  if (!condition) throw new InputError(subject, rule, value);
}

/** Throws unless `condition` holds; for what only a bug of ours can break. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}

const longest = 80;

/** A short, one-line, safe rendering of any value for an error message; cyclic and very deep ones by their kind. */
function show(value: unknown): string {
  const text =
    typeof value === 'string' || (typeof value === 'object' && value !== null) ? json(value) : String(value);
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

function json(value: string | object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
