/** Hands the spec's questions to a worker, where the product's engines run too. */
import type { Answer, Question } from './engines.worker.ts';

declare global {
  interface Window {
    askEngine: (question: Question) => Promise<Answer>;
  }
}

window.askEngine = (question) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./engines.worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('error', (event) => reject(new Error(event.message)));
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      worker.terminate();
      resolve(data);
    });
    worker.postMessage(question);
  });
