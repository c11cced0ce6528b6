/** A file that ships with the page, fetched when it is to be shown; a failure is named and can be tried again. */
import { useEffect, useState, type ReactNode } from 'react';

interface FetchedProps<T> {
  /** Beside the page: `validation.json`. */
  readonly name: string;
  readonly children: (file: T) => ReactNode;
}

export function Fetched<T>({ name, children }: FetchedProps<T>) {
  const [asked, setAsked] = useState(0);
  return (
    <Attempt<T> key={asked} name={name} onRetry={() => setAsked(asked + 1)}>
      {children}
    </Attempt>
  );
}

function Attempt<T>({ name, children, onRetry }: FetchedProps<T> & { readonly onRetry: () => void }) {
  const [file, setFile] = useState<{ readonly value: T } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    read<T>(name, stop.signal).then(
      (value) => setFile({ value }),
      (error: unknown) => {
        if (!stop.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
      },
    );
    return () => stop.abort();
  }, [name]);
  if (file !== null) return <>{children(file.value)}</>;
  if (problem === null)
    return (
      <p className="note" role="status">
        Loading the comparison
      </p>
    );
  return (
    <div className="actions">
      <p className="problem" role="alert">
        {name} could not be loaded: {problem}
      </p>
      <button type="button" className="tb line" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

async function read<T>(name: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(new URL(name, document.baseURI), { signal });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as T;
}
