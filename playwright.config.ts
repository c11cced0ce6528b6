import { defineConfig, devices } from '@playwright/test';
import { launchOptions } from './scripts/browser.mjs';

const port = 4187;

/** Journeys run on the built page, as a visitor gets it. `npm test` builds first; alone, `npm run e2e` builds here. */
export default defineConfig({
  testDir: 'e2e',
  timeout: 60_000,
  workers: 1,
  forbidOnly: process.env.CI !== undefined,
  use: {
    baseURL: `http://localhost:${port}/`,
    actionTimeout: 10_000,
    viewport: { width: 1440, height: 900 },
    launchOptions: launchOptions(),
  },
  projects: [
    { name: 'desktop', testIgnore: /phone\.spec\.ts/ },
    {
      name: 'phone',
      testMatch: /phone\.spec\.ts/,
      use: { ...devices['iPhone 13'], browserName: 'chromium' },
    },
  ],
  webServer: {
    command: `${process.env.RANKSCAPE_BUILT ? '' : 'npm run -s build && '}node scripts/serve.mjs`,
    env: { PORT: String(port) },
    url: `http://localhost:${port}/`,
    reuseExistingServer: false,
    timeout: 120_000,
  },
});
