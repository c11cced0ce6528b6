/** The figures that stand on the page as files of their own: SVG with the page's colours in it, and PNG of that. */
import { plotSvg, pngOf } from '../compare/download.ts';

export interface Picture {
  /** `contraction-tree`: for a file. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

const svgSpace = 'http://www.w3.org/2000/svg';
/** Smaller ones are signs, not figures. */
const leastSide = 36;
const mostName = 48;

/** What decides how a figure looks, where a rule of the page may say so. */
const properties =
  'fill fill-opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-linecap stroke-linejoin paint-order opacity visibility display font-family font-size font-weight font-style text-anchor dominant-baseline'.split(
    ' ',
  );

/** Those that are open and drawn now, the frontier first. @param model its name, for titles */
export function picturesHere(model: string): readonly Picture[] {
  const frontier = plotSvg(`${model}: the frontier`);
  const pictures: Picture[] =
    frontier === null ? [] : [{ name: 'frontier', title: 'Frontier', svg: frontier }];
  const names = new Set(['frontier']);
  for (const svg of document.querySelectorAll<SVGSVGElement>('svg[role="img"], .energy-stack svg')) {
    const { width, height } = svg.getBoundingClientRect();
    const title = titleOf(svg);
    if (Math.min(width, height) < leastSide || title === '' || svg.closest('dialog') !== null) continue;
    const name = freeName(title, names);
    pictures.push({ name, title, svg: liftedSvg(svg, `${model}: ${title}`) });
  }
  return pictures;
}

/** As files, each drawn twice. A picture that the browser cannot draw as PNG is there as SVG. */
export async function pictureFiles(
  pictures: readonly Picture[],
): Promise<readonly { readonly name: string; readonly text: string | Uint8Array }[]> {
  const files: { name: string; text: string | Uint8Array }[] = [];
  for (const { name, svg } of pictures) {
    files.push({ name: `${name}.svg`, text: svg });
    const png = await pngOf(svg).catch(() => null);
    if (png !== null) files.push({ name: `${name}.png`, text: new Uint8Array(await png.arrayBuffer()) });
  }
  return files;
}

const titleOf = (svg: SVGSVGElement): string =>
  (
    svg.getAttribute('aria-label') ??
    svg.closest('.energy-stack')?.querySelector('h3')?.textContent ??
    ''
  ).trim();

function freeName(title: string, taken: Set<string>): string {
  const words = title.toLowerCase().replaceAll(/[^a-z\d]+/g, '-');
  const wish = words.slice(0, mostName).replaceAll(/^-+|-+$/g, '') || 'figure';
  let name = wish;
  for (let k = 2; taken.has(name); k++) name = `${wish}-${k}`;
  taken.add(name);
  return name;
}

/** A copy whose colours and fonts are its own, on the page's ground, with the key that stands beside it. */
function liftedSvg(svg: SVGSVGElement, title: string): string {
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll('*')];
  [copy, ...copy.querySelectorAll('*')].forEach((element, k) => {
    const original = originals[k];
    if (original === undefined) return;
    const style = getComputedStyle(original);
    // As attributes: the page's own policy forbids styles that a script writes as text.
    for (const name of properties) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute('style');
    element.removeAttribute('class');
  });
  const whole = document.createElementNS(svgSpace, 'svg');
  const key = keyOf(svg, height);
  const size = { width: `${width}`, height: `${height + (key === null ? 0 : keyHeight)}` };
  for (const [name, value] of Object.entries({ ...size, viewBox: `0 0 ${size.width} ${size.height}` }))
    whole.setAttribute(name, value);
  const ground = document.createElementNS(svgSpace, 'rect');
  const background = getComputedStyle(document.body).backgroundColor;
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: background }))
    ground.setAttribute(name, value);
  const name = document.createElementNS(svgSpace, 'title');
  name.textContent = title;
  copy.setAttribute('width', `${width}`);
  copy.setAttribute('height', `${height}`);
  whole.append(name, ground, copy, ...(key === null ? [] : [key]));
  return `${new XMLSerializer().serializeToString(whole)}\n`;
}

const keyHeight = 22;

/** What the colours of bars mean, which the page lists below them. */
function keyOf(svg: SVGSVGElement, top: number): SVGGElement | null {
  const items = [...(svg.closest('.energy-stack')?.querySelectorAll<HTMLElement>('.level-key li') ?? [])];
  const [first] = items;
  if (first === undefined) return null;
  const group = document.createElementNS(svgSpace, 'g');
  const { color, fontFamily } = getComputedStyle(first);
  for (const [name, value] of Object.entries({ fill: color, 'font-family': fontFamily, 'font-size': '11px' }))
    group.setAttribute(name, value);
  let at = 0;
  for (const item of items) {
    const swatch = item.querySelector('i');
    const rect = document.createElementNS(svgSpace, 'rect');
    const text = document.createElementNS(svgSpace, 'text');
    const fill = swatch === null ? color : getComputedStyle(swatch).backgroundColor;
    for (const [name, value] of Object.entries({ x: at, y: top + 6, width: 10, height: 10, fill }))
      rect.setAttribute(name, `${value}`);
    text.textContent = item.textContent.trim();
    text.setAttribute('x', `${at + 14}`);
    text.setAttribute('y', `${top + 15}`);
    group.append(rect, text);
    at += 14 + item.getBoundingClientRect().width;
  }
  return group;
}
