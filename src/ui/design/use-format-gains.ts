/**
 * What each format would give in the focus layer at about its present parameter count: exactly the design that choosing
 * it gives, costed while the page is idle, after the drag, never during it.
 */
import { useEffect, useMemo, useState } from 'react';
import { InputError } from '../../core/base/checks.ts';
import { formats, type Format } from '../../core/factor/factorization.ts';
import { inFormat } from '../../state/edits.ts';
import { useCommitted } from '../app.ts';
import { whenIdle } from '../idle.ts';

export type FormatGain =
  | { readonly kind: 'gain'; readonly reduction: number; readonly kept: number }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'waiting' };

export type FormatGains = Readonly<Record<Format, FormatGain>>;

const waiting: FormatGain = { kind: 'waiting' };
const none = Object.fromEntries(formats.map((format) => [format, waiting])) as FormatGains;

export function useFormatGains(): FormatGains {
  const { evaluator, linears, config } = useCommitted();
  const { focus } = config.view;
  const view = linears[focus];
  const layer = view?.layer;
  const factorization = view?.factorization;
  // Layers of one class have the same gains: moving the focus among them recomputes nothing.
  const group = useMemo(
    () => evaluator.classes.find(({ layers }) => layers.includes(focus)),
    [evaluator, focus],
  );
  const [gains, setGains] = useState<FormatGains>(none);

  useEffect(() => {
    if (layer === undefined || factorization === undefined) return;
    const found: Partial<Record<Format, FormatGain>> = {};
    const gainOf = (format: Format): FormatGain => {
      try {
        const candidate = inFormat(layer, factorization, format);
        const cost = evaluator.layer(focus, candidate);
        const dense = evaluator.layer(focus, evaluator.denseFactorization(focus));
        return {
          kind: 'gain',
          reduction: (dense.energyPj * dense.latencyCycles) / (cost.energyPj * cost.latencyCycles),
          kept: evaluator.kept(focus, candidate).value,
        };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return { kind: 'impossible', reason: error.message };
      }
    };
    return whenIdle(
      formats.map((format) => () => {
        found[format] = gainOf(format);
        setGains((last) => ({ ...last, [format]: found[format] ?? waiting }));
      }),
    );
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [evaluator, group, factorization]);
  return gains;
}
