/** Hands a text to the browser as a file, and lifts the plot off the page for it. */
import { standaloneSvg } from './exporters.ts';

export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The Pareto plot as it stands on the page, or null while its table is shown. */
export function plotSvg(title: string): string | null {
  const layers = [...document.querySelectorAll<SVGSVGElement>('.pareto-walk > svg')];
  const [svg] = layers;
  if (svg === undefined) return null;
  const canvas = document.querySelector<HTMLCanvasElement>('.pareto-plot > canvas');
  const probe = document.createElement('i');
  document.body.append(probe);
  const token = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const text = standaloneSvg({
    markup: layers.map((layer) => layer.innerHTML).join(''),
    width: svg.clientWidth,
    height: svg.clientHeight,
    cloud: canvas?.toDataURL('image/png') ?? null,
    title,
    token,
  });
  probe.remove();
  return text;
}
