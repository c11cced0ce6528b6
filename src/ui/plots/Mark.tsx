/** The mark of a design: shape says who, fill says how sure. One component for plot, tables and lanes. */
import { useId } from 'react';
import type { Tier } from '../../core/accuracy/figure.ts';
import { shapePath, whoColour, type Who } from './shapes.ts';

interface MarkProps {
  readonly who: Who;
  readonly tier: Tier;
  readonly r?: number;
  /** Its centre; the origin when left out. */
  readonly x?: number;
  readonly y?: number;
  readonly stroke?: number;
}

export function Mark({ who, tier, r = 5.5, x = 0, y = 0, stroke = 1.75 }: MarkProps) {
  const id = useId();
  const colour = whoColour[who];
  const outline = shapePath(who, r, x, y);
  return (
    <g stroke={colour} strokeWidth={stroke} strokeLinejoin="round">
      {tier === 'distilled' && <path d={shapePath(who, r + 3.2, x, y)} fill="none" strokeWidth={1.25} />}
      <path d={outline} fill="var(--rs-bg)" />
      {tier === 'calibrated' && (
        <>
          <clipPath id={id}>
            <rect x={x - 2 * r} y={y} width={4 * r} height={2 * r} />
          </clipPath>
          <path d={outline} fill={colour} stroke="none" clipPath={`url(#${id})`} />
        </>
      )}
      {(tier === 'measured' || tier === 'distilled') && <path d={outline} fill={colour} />}
    </g>
  );
}

/** The mark as an inline icon; the text beside it carries the name. */
export function WhoIcon({ who, tier = 'measured' }: { readonly who: Who; readonly tier?: Tier }) {
  return (
    <svg className="who" width={14} height={14} viewBox="-7 -7 14 14" aria-hidden="true" focusable="false">
      <Mark who={who} tier={tier} r={4.4} stroke={1.5} />
    </svg>
  );
}
