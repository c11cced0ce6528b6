/** Test-only: a worker in this process, `self` stood in for. Messages are copied, as they are between threads. */
import { afterEach, beforeAll, vi } from 'vitest';

export interface WorkerHere<Request, Reply> {
  /** Since the test began. */
  readonly replies: Reply[];
  readonly send: (request: Request) => void;
  readonly until: (done: () => boolean) => Promise<void>;
  /** The first reply to the request that is its last. */
  readonly answer: (request: Request, isLast: (reply: Reply) => boolean) => Promise<Reply>;
}

/** @param files that requests or replies carry, which Node does not copy */
export function workerHere<Request, Reply>(
  load: () => Promise<unknown>,
  files: { readonly in?: boolean; readonly out?: boolean } = {},
): WorkerHere<Request, Reply> {
  const replies: Reply[] = [];
  let hear: (event: { readonly data: Request }) => void = () => {};
  beforeAll(async () => {
    vi.stubGlobal('self', {
      addEventListener: (_: string, listener: typeof hear) => {
        hear = listener;
      },
      postMessage: (reply: Reply) => replies.push(files.out === true ? reply : structuredClone(reply)),
    });
    await load();
  });
  afterEach(() => {
    replies.length = 0;
  });
  const send = (request: Request): void =>
    hear({ data: files.in === true ? request : structuredClone(request) });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return {
    replies,
    send,
    until,
    answer: async (request, isLast) => {
      replies.length = 0;
      send(request);
      await until(() => replies.some(isLast));
      return replies.find(isLast)!;
    },
  };
}
