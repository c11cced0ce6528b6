/** Kernels of our own on a software adapter: chosen on purpose, remembered, lost on purpose. */
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import config from '../playwright.config.ts';
import { expect, open, test } from './page.ts';

const launch = config.use?.launchOptions ?? {};
test.use({ launchOptions: { ...launch, args: [...(launch.args ?? []), '--enable-unsafe-webgpu'] } });
test.setTimeout(180_000);

async function openSection(page: Page): Promise<Locator> {
  const section = page.getByRole('region', { name: 'Compare' }).locator('details.device');
  await section.getByText('Measure on this device').click();
  await expect(section.getByRole('button', { name: 'Measure', exact: true })).toBeVisible();
  return section;
}

const choose = (panel: Locator, engine: string): Promise<readonly string[]> =>
  panel.getByRole('combobox', { name: 'Engine to measure on' }).selectOption(engine);

/**
 * Lets devices go away as drivers do: each one after its `submits`th submission. It is wrapped around the worker's own
 * script on its way to the page, so that the product needs no door for it.
 */
async function loseDevices(page: Page, submits: number): Promise<void> {
  await page.context().route(/\/device\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    const wrapped = `{
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...given) {
        const device = await request.apply(this, given);
        const submit = device.queue.submit.bind(device.queue);
        let left = ${submits};
        device.queue.submit = (...commands) => {
          submit(...commands);
          left -= 1;
          if (left === 0) device.destroy();
        };
        return device;
      };
    }`;
    await route.fulfill({ response, body: `${wrapped}\n${await response.text()}` });
  });
}

test('a software adapter is passed over and named; on purpose it is measured', async ({ page }) => {
  await open(page);
  const panel = await openSection(page);
  await panel.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(panel.getByText(/^Chosen because its WebGPU adapter \(.*\) is a program/)).toBeVisible({
    timeout: 40_000,
  });
  await expect(panel.getByText(/^On this device \(WebAssembly\)/)).toBeVisible({ timeout: 40_000 });

  await choose(panel, 'webgpu');
  await panel.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(panel.getByText(/^On this device \(WebGPU\) the factorized one is/)).toBeVisible({
    timeout: 150_000,
  });
  const figures = panel.getByRole('region', { name: 'Measured by WebGPU' });
  await expect(figures.getByRole('heading', { name: /software/ })).toBeVisible();
  await figures.getByText('Paths and fusion').click();
  await expect(figures.getByText(/fused/).first()).toBeVisible();
  expect((await new AxeBuilder({ page }).include('details.device').analyze()).violations).toEqual([]);
});

test('a device that goes away is tried once more, then its work is done by WebAssembly', async ({ page }) => {
  await loseDevices(page, 30);
  await open(page);
  const panel = await openSection(page);
  await choose(panel, 'webgpu');
  await panel.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(panel.getByText(/^On this device \(WebAssembly\)/)).toBeVisible({ timeout: 150_000 });
  await expect(
    panel.getByText(
      /The WebGPU device was lost \(.*\); the work was done again on a new WebGPU device\. .* its work was handed to WebAssembly\./,
    ),
  ).toBeVisible();
  await expect(panel.getByRole('region', { name: 'Measured by WebGPU' })).toHaveCount(0);
  await expect(panel.getByRole('row', { name: /^Now/ })).toContainText(/\d×/);
});
