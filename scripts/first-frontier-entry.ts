/** What `first-frontier.mjs` needs of the product, as one module. */
export { promotionOrder } from '../src/core/accuracy/promotion.ts';
export { unquantized } from '../src/core/factor/quantization.ts';
export {
  computeFirstFrontier,
  firstEvaluator,
  firstSearch,
  readFirstFrontier,
} from '../src/core/search/first-frontier.ts';
export { taskOf } from '../src/core/tasks/tasks.ts';
export { modelById } from '../src/core/workload/cards.ts';
export { openMeasurer } from '../src/engines/ort/measurer.ts';
export { loadOrt } from '../src/engines/ort/ort.ts';
export { initialConfig } from '../src/state/defaults.ts';
