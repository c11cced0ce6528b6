/** Test-only: a worker and a clock that do what they are told. */
import type { WorkerPort } from './worker-client.ts';

export function workerByHand<Request, Reply>() {
  const posted: Request[] = [];
  const receivers: ((reply: Reply) => void)[] = [];
  const mourners: ((reason: string) => void)[] = [];
  let restarts = 0;
  const port: WorkerPort<Request, Reply> = {
    post: (request) => void posted.push(request),
    listen: (receive, crashed) => {
      receivers.push(receive);
      mourners.push(crashed);
    },
    restart: () => void (restarts += 1),
  };
  return {
    port,
    /** What was asked of it. */
    posted,
    restarts: () => restarts,
    reply: (reply: Reply) => receivers.forEach((receive) => receive(reply)),
    crash: (reason: string) => mourners.forEach((mourn) => mourn(reason)),
  };
}

export function clockByHand() {
  let time = 0;
  const timers: { readonly due: number; readonly run: () => void }[] = [];
  return {
    now: () => time,
    setTimeout: (run: () => void, milliseconds: number) =>
      void timers.push({ due: time + milliseconds, run }),
    /** Runs what is due by then. */
    pass: (milliseconds: number) => {
      time += milliseconds;
      for (const timer of timers.splice(0)) {
        if (timer.due <= time) timer.run();
        else timers.push(timer);
      }
    },
  };
}
