/** The colours of tokens as a canvas takes them: asked of the browser once a theme, not once a frame. */
const known = new Map<string, string>();
let theme = '';

/** Forgets what another theme gave. */
export function refreshColours(): void {
  const now = [
    document.documentElement.dataset.theme,
    matchMedia('(prefers-color-scheme: dark)').matches,
    matchMedia('(forced-colors: active)').matches,
  ].join(' ');
  if (now !== theme) known.clear();
  theme = now;
}

/** @param colour any CSS colour, `var(--rs-accent)` */
export function colourOf(colour: string): string {
  const before = known.get(colour);
  if (before !== undefined) return before;
  const probe = document.createElement('i');
  probe.style.color = colour;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  known.set(colour, found);
  return found;
}
