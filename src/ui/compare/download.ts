/** Hands a text to the browser as a file, and lifts the plot off the page for it. */
import { standaloneSvg } from './exporters.ts';

/** Pixels of a picture to a pixel of the page. */
const scale = 2;

export function download(name: string, text: string, type: string): void {
  saveBlob(name, new Blob([text], { type }));
}

export function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
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

/** An SVG text as a PNG of twice its size. @throws Error when the browser cannot draw it */
export async function pngOf(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = scale * image.naturalWidth;
    canvas.height = scale * image.naturalHeight;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob === null) throw new Error('the browser did not draw the picture');
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}
