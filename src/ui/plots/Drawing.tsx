/** Shapes as SVG. */
import { memo } from 'react';
import type { Frame } from './frame.ts';
import { textSize, type Shape } from './drawing.ts';

/** @param clip id of the clip path that is the frame */
export const Drawing = memo(function Drawing({
  shapes,
  frame,
  clip,
}: {
  readonly shapes: readonly Shape[];
  readonly frame: Frame;
  readonly clip: string;
}) {
  return shapes.map((shape, i) => {
    switch (shape.kind) {
      case 'path': {
        const { d, fill = 'none', stroke, width, dash, opacity, clipped = false } = shape;
        return (
          <path
            // oxlint-disable-next-line react/no-array-index-key -- a shape is its place in the drawing
            key={i}
            d={d}
            fill={fill}
            stroke={stroke}
            strokeWidth={width}
            strokeLinejoin="round"
            strokeDasharray={dash?.join(' ')}
            strokeOpacity={opacity}
            clipPath={clipped ? `url(#${clip})` : undefined}
          />
        );
      }
      case 'half': {
        const { d, fill, below } = shape;
        const id = `${clip}-${i}`;
        return (
          // oxlint-disable-next-line react/no-array-index-key -- as above
          <g key={i}>
            <clipPath id={id}>
              <rect y={below} width={frame.width} height={frame.height} />
            </clipPath>
            <path d={d} fill={fill} clipPath={`url(#${id})`} />
          </g>
        );
      }
      case 'text': {
        const { x, y, anchor, style, runs } = shape;
        return (
          <text
            // oxlint-disable-next-line react/no-array-index-key -- as above
            key={i}
            className={style === 'halo' ? 'halo' : undefined}
            x={x}
            y={y}
            textAnchor={anchor}
            style={{ fontSize: textSize[style] }}
          >
            {runs.map(({ text, colour, strong }) => (
              <tspan key={text} fill={colour} className={strong ? 'b' : undefined}>
                {text}
              </tspan>
            ))}
          </text>
        );
      }
    }
    return shape satisfies never;
  });
});
