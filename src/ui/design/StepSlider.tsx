/** A slider over allowed values with a typed twin that takes any sound value. */
import { useMemo, useState } from 'react';
import { formatExact } from '../format.ts';
import { NumberField } from './NumberField.tsx';
import { Slider } from './Slider.tsx';
import { keyInList, nearest, placeInList, valueInList, withValue } from './steps.ts';

export interface StepSliderProps {
  readonly label: string;
  readonly note: string;
  readonly allowed: readonly number[];
  readonly value: number;
  readonly was: number;
  /** Largest value that may be typed. */
  readonly max: number;
  readonly onPreview: (value: number) => void;
  readonly onCommit: () => void;
  readonly onCancel: () => void;
  readonly onType: (value: number) => void;
}

export function StepSlider(props: StepSliderProps) {
  const { label, note, value, was, max, onPreview, onCommit, onCancel, onType } = props;
  const [invalid, setInvalid] = useState(false);
  const allowed = useMemo(() => withValue(withValue(props.allowed, value), was), [props.allowed, value, was]);
  return (
    <div className="stepslider">
      <span className="lab">{label}</span>
      {invalid ? (
        <span className="ds bad" role="alert">
          1 to {formatExact(max)}
        </span>
      ) : (
        <span className="ds">{note}</span>
      )}
      <NumberField
        className="num"
        label={`${label}, value`}
        value={value}
        min={1}
        max={max}
        onEnter={onType}
        onInvalid={setInvalid}
      />
      <Slider
        label={label}
        valueText={formatExact(value)}
        min={allowed[0] ?? 1}
        max={allowed.at(-1) ?? value}
        value={value}
        was={was}
        place={(each) => placeInList(allowed, each)}
        at={(place) => valueInList(allowed, place)}
        afterKey={(from, key) => keyInList(allowed, from, key)}
        onPreview={(next) => onPreview(nearest(allowed, next))}
        onCommit={onCommit}
        onCancel={onCancel}
      />
    </div>
  );
}
