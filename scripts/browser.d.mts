/** Path of an installed Chromium, or undefined. */
export function findBrowser(): string | undefined;
/** What Playwright starts it with. */
export function launchOptions(): {
  readonly channel?: string;
  readonly executablePath?: string;
  readonly args: string[];
};
/** Installs one when there is none. */
export function ensureBrowser(): void;
