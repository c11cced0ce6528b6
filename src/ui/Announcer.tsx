/** Tells a screen reader what a change did, at rest and at most every 700 ms: `rank 64: EDP 5.20× lower, ...`. */
import { useEffect, useRef, useState } from 'react';
import { rankNames } from '../core/factor/ranks.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import type { Derived } from '../state/derive.ts';
import { useAppObject } from './app.ts';
import { sayGain } from './format.ts';
import { metricWords } from './metric.ts';
import { formatTitle, shapeText } from './words.ts';

const restMs = 700;

/** What changed in the layer in focus, shortly. */
export function sayChange(before: Factorization | undefined, after: Factorization | undefined): string {
  if (after === undefined || before === undefined) return 'design';
  if (before.format !== after.format) return formatTitle(after.format);
  if (shapeText(before) !== shapeText(after)) return `shape ${shapeText(after)}`;
  const changed = after.ranks.findIndex((rank, i) => rank !== before.ranks[i]);
  if (changed < 0) return 'design';
  const name = after.ranks.length > 1 ? ` ${rankNames(after)[changed]}` : '';
  return `rank${name} ${after.ranks[changed]}`;
}

export function Announcer() {
  const { derived } = useAppObject();
  const [text, setText] = useState('');
  const said = useRef<Derived | null>(null);
  useEffect(() => {
    said.current = derived.get();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const say = (): void => {
      timer = null;
      const now = derived.get();
      const before = said.current;
      if (before === null || before.evaluation === now.evaluation) return;
      said.current = now;
      const { focus } = now.config.view;
      const what =
        before.config.model !== now.config.model
          ? now.model.title
          : before.config.design === now.config.design
            ? 'workload or accelerator'
            : sayChange(before.config.design[focus], now.config.design[focus]);
      const { metric, value, tier } = now.evaluation.accuracy;
      setText(`${what}: ${sayGain(now.evaluation.edpReduction)}, ${metricWords(metric).spoken(value, tier)}`);
    };
    const stop = derived.subscribe(() => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(say, restMs);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [derived]);
  return (
    <p className="hidden" role="status" aria-live="polite" data-testid="live">
      {text}
    </p>
  );
}
