/** Path of an installed Chromium, or undefined. */
export function findBrowser(): string | undefined;
/** Installs one when there is none. */
export function ensureBrowser(): void;
