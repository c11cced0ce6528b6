/** All evaluated points behind the plot. Colours come from the tokens, read anew when the theme changes. */
import { memo, useLayoutEffect, useRef } from 'react';
import { rasterCloud, type CloudPoints, type Rgb } from './cloud.ts';
import type { Domain, Frame } from './frame.ts';

interface CloudProps {
  readonly points: CloudPoints;
  readonly frame: Frame;
  readonly domain: Domain;
}

export const CloudCanvas = memo(function CloudCanvas({ points, frame, domain }: CloudProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d');
    if (canvas === null || context === null || context === undefined) return undefined;
    const draw = (): void => {
      const style = getComputedStyle(canvas);
      const light = parseColour(style.backgroundColor)[1] > 128;
      const scale = Math.min(3, Math.max(1, window.devicePixelRatio || 1));
      const alpha = light ? 0.44 : 0.34;
      const raster = rasterCloud(points, frame, domain, scale, parseColour(style.color), alpha);
      canvas.width = raster.width;
      canvas.height = raster.height;
      context.putImageData(new ImageData(raster.pixels, raster.width, raster.height), 0, 0);
    };
    draw();
    return watchTheme(draw);
  }, [points, frame, domain]);
  return <canvas ref={ref} className="pareto-cloud" aria-hidden="true" />;
});

function parseColour(text: string): Rgb {
  const [r = 128, g = 128, b = 128] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return text.startsWith('color(') ? [r * 255, g * 255, b * 255] : [r, g, b];
}

/** Tells when the theme changes, whoever changes it; returns how to stop. */
function watchTheme(changed: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((q) => matchMedia(q));
  for (const query of queries) query.addEventListener('change', changed);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    for (const query of queries) query.removeEventListener('change', changed);
    observer.disconnect();
  };
}
