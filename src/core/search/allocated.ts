/**
 * Allocation by what a layer costs on this machine: over the candidates of all formats each layer takes argmin damage +
 * lambda x cost, lambda from dear to cheap, with cost = energy / E + latency / D of the model itself (bargain.ts). Where
 * the axis is calibrated the damage is the logit-Jacobian table's. Layers of one class move together; nothing is refined.
 */
import { efficientChoices, priceSteps, walkHull } from './bargain.ts';
import type { Search, SearchSetting } from './setting.ts';
import { createStudy } from './study.ts';
import { affordableVisits, costVisits, planVisits } from './visits.ts';

export function* allocated(setting: SearchSetting): Search {
  const study = createStudy(setting);
  if (study.assembly.free.length > 0) {
    yield* costVisits(study, affordableVisits(study, yield* planVisits(study)), () => {});
    yield* walkHull(study, efficientChoices(study), priceSteps, setting.budget - study.recorder.evaluations);
  }
  yield study.recorder.batch();
  return study.recorder.result();
}
