/** Runs small jobs one at a time while the page is idle. Returns a function that drops what has not run. */
export function whenIdle(jobs: readonly (() => void)[]): () => void {
  let next = 0;
  let cancelled = false;
  const schedule = (): void => {
    if (cancelled || next >= jobs.length) return;
    if (typeof requestIdleCallback === 'function') requestIdleCallback(run);
    else setTimeout(run, 30);
  };
  const run = (): void => {
    if (cancelled) return;
    const job = jobs[next];
    next += 1;
    job?.();
    schedule();
  };
  schedule();
  return () => {
    cancelled = true;
  };
}
