/**
 * One worker as a port: started at its first request, started again after `restart`. A worker that fails to load or
 * dies is told as a message, never silently.
 */
export interface WorkerPort<Request, Reply> {
  readonly post: (request: Request) => void;
  /** `crashed` hears why when the worker failed to load or died; the next request starts it anew. */
  readonly listen: (receive: (reply: Reply) => void, crashed: (reason: string) => void) => void;
  /** Ends the worker at once, whatever it is doing. */
  readonly restart: () => void;
}

interface OpenedWorker<Request, Reply> extends WorkerPort<Request, Reply> {
  /** Starts the worker ahead of its first request, so that the request needs no network. */
  readonly warm: () => void;
}

/** `create` makes the worker (`new Worker(new URL(...))` must stand in the caller, where the bundler sees it). */
export function openWorker<Request, Reply>(create: () => Worker): OpenedWorker<Request, Reply> {
  let worker: Worker | null = null;
  const listeners: ((reply: Reply) => void)[] = [];
  const mourners: ((reason: string) => void)[] = [];
  const restart = (): void => {
    worker?.terminate();
    worker = null;
  };
  const start = (): Worker => {
    const started = create();
    started.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      if (started === worker) for (const listener of listeners) listener(data);
    });
    const fail = (event: Event): void => {
      if (started !== worker) return;
      restart();
      const reason = event instanceof ErrorEvent && event.message !== '' ? event.message : 'it did not start';
      for (const mourner of mourners) mourner(`internal: worker: ${reason}`);
    };
    started.addEventListener('error', fail);
    started.addEventListener('messageerror', fail);
    return started;
  };
  return {
    post: (request) => {
      worker ??= start();
      worker.postMessage(request);
    },
    listen: (receive, crashed) => {
      listeners.push(receive);
      mourners.push(crashed);
    },
    restart,
    warm: () => void (worker ??= start()),
  };
}
