/** A Chromium to drive: found, or installed (Debian's package as root, Playwright's download elsewhere), and started. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Path of an installed browser, or undefined: then Playwright's own download is used. */
export const findBrowser = () => places.find((path) => path && existsSync(path));

/** What Playwright starts it with: root has no sandbox, and nothing is asked of the network behind the page's back. */
export const launchOptions = () => {
  const executablePath = findBrowser();
  return {
    ...(executablePath === undefined ? { channel: 'chromium' } : { executablePath }),
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
};

// Standard output belongs to the caller's results.
const run = (command, args) => spawnSync(command, args, { stdio: ['inherit', 2, 2] }).status === 0;

export function ensureBrowser() {
  if (findBrowser()) return;
  console.error('No Chromium found: installing one for the journeys in the browser.');
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (debian && run('apt-get', ['update', '-qq']) && run('apt-get', ['install', '-y', '-qq', 'chromium']))
    return;
  if (run('npx', ['playwright', 'install', 'chromium'])) return;
  console.error('test: needs a Chromium; install one or set CHROMIUM_PATH');
  process.exit(1);
}
