/** Light or dark: the system's, until the switch says otherwise; remembered in this browser. */
import { useCallback, useEffect, useState } from 'react';

type Theme = 'light' | 'dark';

const place = 'rankscape.theme';

/** Storage may be forbidden; then the choice lasts as long as the page. */
function remembered(): Theme | null {
  try {
    const value = localStorage.getItem(place);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null;
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(place, theme);
  } catch {
    // Nothing to do: the switch still works for this page.
  }
}

const darkSystem = (): boolean => matchMedia('(prefers-color-scheme: dark)').matches;

function show(theme: Theme | null): void {
  if (theme !== null) document.documentElement.dataset['theme'] = theme;
}

/** The theme on screen and the switch. */
export function useTheme(): { readonly theme: Theme; readonly toggle: () => void } {
  const [chosen, setChosen] = useState<Theme | null>(() => {
    const theme = remembered();
    show(theme);
    return theme;
  });
  const [system, setSystem] = useState<Theme>(() => (darkSystem() ? 'dark' : 'light'));
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => setSystem(query.matches ? 'dark' : 'light');
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const theme = chosen ?? system;
  const toggle = useCallback(() => {
    const next = theme === 'dark' ? 'light' : 'dark';
    show(next);
    remember(next);
    setChosen(next);
  }, [theme]);
  return { theme, toggle };
}
