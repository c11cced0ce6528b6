import { describe, expect, it } from 'vitest';
import { tableOf } from '../core/accuracy/calibration.fixture.ts';
import type { CalibrationTable } from '../core/accuracy/sensitivity.ts';
import { modelById } from '../core/workload/cards.ts';
import { followCalibration } from './calibration-source.ts';
import { initialConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setModel, setQuantization } from './edits.ts';
import { createAppStore } from './store.ts';

const glyph = { kind: 'card', id: 'glyph-vit' } as const;
const bert = { kind: 'card', id: 'bert-base' } as const;
const table = tableOf(modelById('glyph-vit'));
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('followCalibration', () => {
  const open = (load: (id: string) => Promise<CalibrationTable | null>) => {
    const store = createAppStore(setModel(initialConfig(), bert));
    const asked: string[] = [];
    const calibration = followCalibration({
      store,
      load: (id) => {
        asked.push(id);
        return load(id);
      },
    });
    return { store, asked, calibration };
  };

  it('fetches the tables of a shipped model once, when it is first chosen, and has the page derived anew', async () => {
    const { store, asked, calibration } = open(() => Promise.resolve(table));
    expect(asked).toEqual([]);
    store.getState().replace(setModel(store.getState().config, glyph), 'Glyph-ViT');
    expect(calibration.tableOf(glyph)).toBeNull();
    const before = store.getState().config;
    await settled();
    expect(calibration.tableOf(glyph)).toBe(table);
    expect(store.getState().config).not.toBe(before);
    expect(calibration.tableOf(bert)).toBeNull();
    store.getState().replace(setModel(store.getState().config, bert), 'BERT');
    store.getState().replace(setModel(store.getState().config, glyph), 'Glyph-ViT');
    expect(asked).toEqual(['glyph-vit']);
  });

  it('tells when the model that the page opened with has its table, or needs none', async () => {
    const needsNone = open(() => new Promise(() => {}));
    await expect(needsNone.calibration.opened).resolves.toBeUndefined();
    const store = createAppStore(setModel(initialConfig(), glyph));
    const calibration = followCalibration({ store, load: () => Promise.resolve(table) });
    expect(calibration.tableOf(glyph)).toBeNull();
    await calibration.opened;
    expect(calibration.tableOf(glyph)).toBe(table);
  });

  it('does without where there are none', async () => {
    const { store, calibration } = open(() => Promise.reject(new Error('offline')));
    store.getState().replace(setModel(store.getState().config, glyph), 'Glyph-ViT');
    await settled();
    expect(calibration.tableOf(glyph)).toBeNull();
  });
});

describe('derive with a calibration', () => {
  const derive = createDerive(undefined, (choice) =>
    choice.kind === 'card' && choice.id === 'glyph-vit' ? table : null,
  );
  const config = setModel(initialConfig(), glyph);

  it('puts estimated points of accuracy on the axis, of this model alone', () => {
    const { evaluation, dense, accuracy, evaluator } = derive(config);
    expect(evaluation.accuracy).toMatchObject({ metric: 'accuracyChangePoints', tier: 'estimated' });
    expect(evaluation.accuracy.value).toBeLessThan(dense.accuracy.value);
    expect(accuracy).toEqual({ kind: 'calibration', table });
    expect(evaluator.accuracy.metric).toBe('accuracyChangePoints');
    expect(derive(setModel(config, bert)).evaluation.accuracy.metric).toBe('weightEnergyKeptPercent');
  });

  it('falls back to the weights where the tables do not know the storage', () => {
    const stored = derive(setQuantization(config, { kind: 'int', bits: 4, group: 128 }));
    expect(stored.evaluation.accuracy.metric).toBe('weightEnergyKeptPercent');
    expect(stored.accuracy).toEqual({ kind: 'weights' });
    expect(stored.evaluation.bytes).toBeLessThan(derive(config).evaluation.bytes);
  });
});
