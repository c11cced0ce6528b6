/** Opens: live without a click, within two seconds, from anywhere, alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dialog, dragTo, expect, figure, open, plot, rank, read, save, search, test } from './page.ts';

test('opens live within two seconds, with a frontier and without a click', async ({ page }) => {
  await page.addInitScript(() => {
    const look = (): void => {
      const live = document.querySelector('input[type=range][aria-label^="Rank"]');
      if (live === null) requestAnimationFrame(look);
      // The frame that shows it ends after this callback.
      else
        requestAnimationFrame(() => (document.documentElement.dataset['live'] = String(performance.now())));
    };
    requestAnimationFrame(look);
  });
  await open(page);
  await expect(page.locator('html')).toHaveAttribute('data-live');
  expect(Number(await page.locator('html').getAttribute('data-live'))).toBeLessThan(2000);
  await expect(page).toHaveTitle(/Rankscape/);
  await expect(figure(page, 'EDP reduction')).toContainText('×');
  await expect(plot(page)).toHaveAccessibleName(/The frontier of [\d,]+ evaluated designs has \d+ points/);
});

test('sends nothing anywhere: the page forbids it to itself', async ({ page, watch }) => {
  await open(page);
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  watch.allow('Content Security Policy');
  const refused = await page.evaluate(async () => {
    const told = new Promise<string>((resolve) =>
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective)),
    );
    await fetch('https://example.com/').catch(() => null);
    return told;
  });
  expect(refused).toBe('connect-src');
});

test('goes on without a network once it is loaded', async ({ page, context, watch }) => {
  await open(page);
  await page.waitForFunction(() => performance.getEntriesByName('rankscape: complete').length > 0);
  await context.setOffline(true);
  // The browser asks for the icon again whenever the address changes.
  watch.allow('icon.svg');
  const before = await read(figure(page, 'EDP reduction'));
  await dragTo(page, rank(page), [0.7, 0.5, 0.3]);
  await page.mouse.up();
  await expect(figure(page, 'EDP reduction')).not.toHaveText(before);
  await search(page, 100);
  await expect(plot(page)).toHaveAccessibleName(/The frontier of/);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(dialog(page).getByRole('textbox', { name: 'Link' })).toHaveValue(/#v1\./);
  const project = await save(page, dialog(page).getByRole('button', { name: 'Save project' }));
  expect(project.name).toMatch(/\.json$/);
});

test('runs from any folder of any server', async ({ page, watch, baseURL }) => {
  const folder = '/some/deep/path/';
  const server = createServer((request, response) => {
    const { url = '' } = request;
    if (!url.startsWith(folder)) return void response.writeHead(404).end();
    void fetch(new URL(url.slice(folder.length), baseURL)).then(async (file) => {
      const kind = file.headers.get('content-type') ?? '';
      response.writeHead(file.status, { 'content-type': kind }).end(Buffer.from(await file.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  watch.home(origin);
  try {
    await open(page, `${origin}${folder}`);
    await search(page, 100);
    await page.getByRole('button', { name: 'Help and shortcuts' }).click();
    await expect(dialog(page)).toBeVisible();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
