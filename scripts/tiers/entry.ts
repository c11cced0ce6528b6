/** The code behind `calibrate.mjs` and `validate.mjs`, as one module. */
export { fitCalibration, judge } from './fit.ts';
export { measureCalibration, measureFresh } from './measure.ts';
