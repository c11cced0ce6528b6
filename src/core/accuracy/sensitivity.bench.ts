/** What a drag frame pays for tier T0: 18 layers of which some changed, and a layer looked up for the first time. */
import type { Bench } from '../base/bench.ts';
import { createRandom } from '../base/random.ts';
import type { Factorization } from '../factor/factorization.ts';
import { smallModel, smallTable } from './calibration.fixture.ts';
import { randomPool } from './random-designs.ts';
import { createSensitivityModel } from './sensitivity.ts';

const layers = 18;
const sides = { out: 96, in: 96 };
const frames = 200;

/** Tables as large as the shipped ones, made up. */
function setting() {
  const linears = Array.from({ length: layers }, (_, k) => ({
    ...smallModel.linears[0]!,
    ...sides,
    name: `${k}`,
  }));
  const spectrum = Array.from({ length: 96 }, (_, k) => 1 / (k + 1));
  const whole = spectrum.reduce((sum, share) => sum + share, 0);
  const table = {
    ...smallTable,
    layers: linears.map(({ name }) => ({
      ...smallTable.layers[0]!,
      ...sides,
      name,
      spectrum: spectrum.map((share) => share / whole),
    })),
  };
  return { model: createSensitivityModel(table, { ...smallModel, linears }) };
}

export const benches: readonly Bench[] = [
  {
    name: 'tier T0, damage of a new factorization of one layer (budget 20 us)',
    unit: 'us',
    budget: 20,
    run: (now) => {
      const { model } = setting();
      const list: Factorization[] = randomPool(createRandom(1), sides, 40).map(({ f }) => f);
      for (const f of list.slice(0, 100)) model.damage(0, f);
      const start = now();
      for (let layer = 1; layer < layers; layer++) for (const f of list) model.damage(layer, f);
      return ((now() - start) * 1000) / (list.length * (layers - 1));
    },
  },
  {
    name: 'tier T0, figure of a whole model in a drag frame, one layer new (budget 0.1 ms)',
    unit: 'us',
    budget: 100,
    run: (now) => {
      const { model } = setting();
      const list = randomPool(createRandom(2), sides, 40).map(({ f }) => f);
      const design = Array.from({ length: layers }, (_, k) => list[(7 * k) % list.length]!);
      const start = now();
      for (let frame = 0; frame < frames; frame++) {
        design[frame % layers] = list[frame % list.length]!;
        let [value, low, high] = [0, 0, 0];
        design.forEach((f, layer) => {
          const damage = model.damage(layer, f);
          value += damage.value;
          low += damage.low;
          high += damage.high;
        });
        model.figure({ value, low, high });
      }
      return ((now() - start) * 1000) / frames;
    },
  },
];
