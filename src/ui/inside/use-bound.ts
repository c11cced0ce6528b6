/** How far the mapping on screen may be from the best: worked out when it has stood still for a moment. */
import { useEffect, useState } from 'react';
import type { LayerStep } from '../../core/cost/layer.ts';
import type { Mapper } from '../../core/cost/mapper.ts';
import type { Bound, Gear } from '../../core/cost/mapping.ts';

/** A drag moves on sooner. */
const stillMs = 300;

/** Null as long as it is not known, and for steps that were weighed together with others. */
export function useBound(mapper: Mapper, step: LayerStep | undefined, gear: Gear): Bound | null {
  const [known, setKnown] = useState<{ readonly step: LayerStep; readonly bound: Bound } | null>(null);
  useEffect(() => {
    if (step === undefined || step.tiled !== undefined || step.cost.bound.gap !== null) return undefined;
    const timer = setTimeout(
      () => setKnown({ step, bound: mapper.bound(step.gemm, gear, step.place, 'quick') }),
      stillMs,
    );
    return () => clearTimeout(timer);
  }, [mapper, step, gear]);
  return known !== null && known.step === step ? known.bound : null;
}
