/** How all linear layers store their weights: an axis beside the ranks, changed for the whole model at once. */
import { quantizationByName, quantizationName } from '../../core/factor/check-quantization.ts';
import { weightBits } from '../../core/factor/quantization.ts';
import { setQuantization } from '../../state/edits.ts';
import { useActions, useApp } from '../app.ts';
import { formatNumber } from '../format.ts';
import { quantizationTitle } from '../words.ts';

/** What people reach for, all in the tables of the shipped models; any other comes by link or project file. */
const offered = [
  {
    label: 'Integer, a scale per output row',
    names: ['int8-row', 'int6-row', 'int5-row', 'int4-row', 'int3-row'],
  },
  {
    label: 'Integer, a scale per group',
    names: ['int4-g128', 'int4-g32', 'int3-g32'],
  },
  { label: 'Weights and activations', names: ['w8a8'] },
  { label: 'FP4 (E2M1)', names: ['fp4-g32', 'fp4-g16'] },
  { label: 'Palette', names: ['palette4', 'palette3', 'palette2'] },
] as const;

export function QuantizationSection() {
  const { edit } = useActions();
  const quantization = useApp((state) => state.config.quantization);
  const name = quantizationName(quantization);
  const bits = weightBits(quantization);
  const known = name === 'none' || offered.some(({ names }) => names.some((each) => each === name));
  return (
    <div className="sec quantization">
      <label>
        <span>Weights stored as</span>
        <select
          className="field"
          value={name}
          onChange={(event) => {
            const chosen = quantizationByName(event.currentTarget.value);
            edit(`Weights ${quantizationTitle(chosen)}`, (config) => setQuantization(config, chosen));
          }}
        >
          <option value="none">{quantizationTitle({ kind: 'none' })}</option>
          {!known && <option value={name}>{quantizationTitle(quantization)}</option>}
          {offered.map(({ label, names }) => (
            <optgroup key={label} label={label}>
              {names.map((each) => (
                <option key={each} value={each}>
                  {quantizationTitle(quantizationByName(each))}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      {bits !== null && (
        <span className="note" title="Scales or palette included, shared by a large factor">
          {formatNumber(bits, Number.isInteger(bits) ? 0 : 2)} bits a weight
        </span>
      )}
    </div>
  );
}
