import { describe, expect, it } from 'vitest';
import { firstSearch } from '../core/search/first-frontier.ts';
import { initialConfig } from './defaults.ts';

describe('the shipped frontier', () => {
  it('is of the config that a new page opens with', () => {
    const { model, workload, accelerator, accounting } = initialConfig();
    expect(model).toEqual({ kind: 'card', id: firstSearch.model });
    expect(workload).toEqual(firstSearch.workload);
    expect(accelerator.name).toBe(firstSearch.accelerator);
    expect(accounting).toBe(firstSearch.accounting);
  });
});
