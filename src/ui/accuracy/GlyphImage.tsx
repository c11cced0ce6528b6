/** A glyph as the model sees it: 24 x 24 pixels, ink on paper, noise and all. */
import { useLayoutEffect, useRef } from 'react';
import { glyphSide } from '../../core/tasks/glyphs.ts';

interface GlyphImageProps {
  /** Row-major, 0 paper to 1 ink; noise may leave that range. */
  readonly pixels: Float32Array;
  readonly label: string;
  readonly className?: string;
}

export function GlyphImage({ pixels, label, className = '' }: GlyphImageProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = ref.current?.getContext('2d');
    if (context === null || context === undefined) return;
    const image = context.createImageData(glyphSide, glyphSide);
    for (const [i, ink] of pixels.entries()) {
      const grey = 255 * (1 - Math.max(0, Math.min(1, ink)));
      image.data.set([grey, grey, grey, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }, [pixels]);
  return (
    <canvas
      ref={ref}
      className={`glyph ${className}`.trim()}
      width={glyphSide}
      height={glyphSide}
      role="img"
      aria-label={label}
    />
  );
}
