/** Picks, edits, brings and takes an accelerator. */
import {
  dialog,
  expect,
  figure,
  notices,
  openBert,
  openSelector,
  read,
  save,
  steps,
  test,
  undo,
} from './page.ts';

test('a preset, an edited figure, and the reason why one is refused', async ({ page }) => {
  await openBert(page);
  const before = await read(figure(page, 'Energy'));
  const machines = await openSelector(page, 'Accelerator');
  const presets = machines.getByRole('group', { name: 'Presets' }).getByRole('button');
  await expect(presets).toHaveCount(6);
  await presets.filter({ hasText: /eyeriss/i }).click();
  await expect(presets.filter({ hasText: /eyeriss/i })).toHaveAttribute('aria-pressed', 'true');
  // Relative energies are never shown as joules.
  await expect(page.getByRole('table', { name: /^Figures/ })).toContainText('× MAC');
  await presets.filter({ hasText: /simba/i }).click();

  const use = machines.getByRole('button', { name: 'Use these figures' });
  const energy = machines.getByRole('textbox', { name: 'Read of DRAM', exact: true });
  await energy.fill('1000');
  await use.click();
  await expect(machines.getByText('In use')).toBeVisible();
  await expect(machines.getByText(/Figures of this preset were edited/)).toBeVisible();
  await expect(figure(page, 'Energy')).not.toHaveText(before);
  for (const [name, wrong, rule] of [
    ['Read of DRAM', '-1', /read/i],
    ['Word of DRAM', 'eight', /word/i],
    ['Capacity of GLB', '1', /GLB depth_words must hold one word of each operand it keeps \(IO needs 2\)/],
    ['Capacity of DRAM', '4096', /DRAM must be unlimited/],
    ['Keeps of DRAM', 'IW', /DRAM must keep all three operands/],
    ['Instances X of WBuf', '7', /mesh_x must be a multiple of the/],
  ] as const) {
    const field = machines.getByRole('textbox', { name, exact: true });
    const right = await field.inputValue();
    await field.fill(wrong);
    await expect(machines.getByRole('alert').filter({ hasText: rule })).toBeVisible();
    await expect(use).toBeDisabled();
    await field.fill(right);
    await expect(machines.getByRole('alert')).toHaveCount(0);
  }
  await machines.getByRole('button', { name: 'Back to the preset' }).click();
  await expect(figure(page, 'Energy')).toHaveText(before);
});

test('goes out as YAML and JSON and comes back the same', async ({ page }) => {
  await openBert(page);
  const before = await read(figure(page, 'Energy'));
  const machines = await openSelector(page, 'Accelerator');
  const yaml = await save(page, machines.getByRole('button', { name: 'Save YAML' }));
  const json = await save(page, machines.getByRole('button', { name: 'Save JSON' }));
  expect(yaml.name).toBe('simba.yaml');
  expect(JSON.parse(json.text)).toMatchObject({
    name: 'simba',
    levels: [{ name: 'DRAM' }, {}, {}, {}, {}, {}],
  });

  const text = machines.getByRole('textbox', { name: /^Paste a machine/ });
  const take = machines.getByRole('button', { name: 'Use this text' });
  const changed = yaml.text.replace(/name: simba\b/, 'name: mine').replace(/clock_hz: .*/, 'clock_hz: 5e8');
  await text.fill(changed);
  await take.click();
  await expect(steps(page).last()).toHaveText('Accelerator mine');
  await expect(machines.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('mine');
  await expect(machines.getByText(/These figures are yours/)).toBeVisible();

  await machines.locator('input[type=file]').setInputFiles({
    name: 'simba.json',
    mimeType: 'application/json',
    buffer: Buffer.from(json.text),
  });
  await expect(figure(page, 'Energy')).toHaveText(before);

  for (const [bad, reason] of [
    ['name: [', /line 1/],
    ['{"name": "x"}', /accelerator|levels|mac/i],
    ['levels: &a [*a]', /accelerator|alias|line|anchor/i],
    ['just words', /accelerator|must be/i],
    ['{"__proto__": {"name": "x"}}', /accelerator|must/i],
  ] as const) {
    await text.fill(bad);
    await take.click();
    await expect(machines.getByRole('alert').last()).toHaveText(reason);
    await expect(text).toHaveValue(bad);
  }
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await expect(notices(page).getByRole('alert')).toHaveCount(0);
  await undo(page).click();
  await expect(page.getByRole('button', { name: 'Accelerator mine', exact: true })).toBeVisible();
});
