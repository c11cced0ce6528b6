/** One rank: name, what it joins, typed value, lock, and the slider with its scent. */
import { memo, useMemo, useState, type CSSProperties } from 'react';
import type { Scent } from '../../core/search/scent.ts';
import { formatPercent, formatRatioShort } from '../format.ts';
import type { MetricWords } from '../metric.ts';
import { Icon } from '../icons.tsx';
import { NumberField } from './NumberField.tsx';
import { NumberInk, SliderInk } from './RankInk.tsx';
import { afterKey, interpolate, placeOf, rankScale, snapInto, ticksOf, valueAt } from './scale.ts';
import { edpHeight, edpRange, readScent, ScentStrip, type EdpRange } from './ScentStrip.tsx';
import { Slider } from './Slider.tsx';

export interface StripAxis {
  readonly words: MetricWords;
  /** The model's predicted value at each sampled rank, if the whole selection took it. */
  readonly values: (scent: Scent) => readonly number[];
}

export interface RankSliderProps {
  readonly rank: number;
  readonly name: string;
  readonly joins: string;
  /** Which layers it moves, for the accessible name. */
  readonly layers: string;
  readonly value: number;
  /** The value by now: React follows a drag when the hand rests. */
  readonly now: (rank: number) => number;
  readonly was: number;
  readonly min: number;
  readonly max: number;
  /** Snap step; 1 = free. */
  readonly step: number;
  readonly locked: boolean;
  readonly scent: Scent | null;
  /** All ranks of the layer as React knows them. */
  readonly known: readonly number[];
  /** Height of the strip's EDP line; null = its own. */
  readonly range: EdpRange | null;
  readonly stale: boolean;
  /** How damage reads on the vertical axis; null where the strip shows the weight energy of its own layer. */
  readonly axis: StripAxis | null;
  /** The layer as a whole is locked, so that this lock cannot open it. */
  readonly held: boolean;
  readonly onPreview: (rank: number, value: number) => void;
  readonly onCommit: (rank: number) => void;
  readonly onCancel: () => void;
  readonly onType: (rank: number, value: number) => void;
  readonly onLock: (rank: number) => void;
}

export const RankSlider = memo(function RankSlider(props: RankSliderProps) {
  const { rank, name, joins, layers, value, was, min, max, step, locked, held, scent, stale } = props;
  const [hover, setHover] = useState<number | null>(null);
  const [invalid, setInvalid] = useState(false);
  const scale = useMemo(() => rankScale(min, max), [min, max]);
  const fixed = min === max;
  // Last rank with fewer parameters than dense, when there are ranks beyond it.
  const cut = scent === null || scent.breakEven === scent.max ? null : (scent.breakEven ?? min);
  const ticks = useMemo(() => {
    const round = ticksOf(scale);
    if (cut === null) return round;
    return [...round.filter((tick) => Math.abs(placeOf(scale, tick) - placeOf(scale, cut)) > 0.1), cut];
  }, [scale, cut]);
  const range = useMemo(() => props.range ?? edpRange([scent]), [props.range, scent]);
  const { axis } = props;
  const heights = useMemo(() => {
    if (scent === null) return [];
    return axis === null ? scent.kept : axis.values(scent).map(axis.words.height);
  }, [scent, axis]);
  const here = scent === null ? null : readScent(scent, value);
  const state = locked ? ', locked' : fixed ? `, only ${min} is possible` : '';
  return (
    <div
      className="rank"
      data-locked={locked || undefined}
      data-moved={value !== was || undefined}
      data-stale={stale || undefined}
    >
      <div className="row">
        <span className="nm">{name}</span>
        {invalid ? (
          <span className="ds bad" role="alert">
            {min} to {max}, a whole number
          </span>
        ) : (
          <span className="ds">
            {joins}
            {state}
          </span>
        )}
        <span className="value">
          <NumberField
            className="num"
            label={`Value of rank ${name}`}
            value={value}
            min={min}
            max={max}
            readOnly={locked}
            onEnter={(next) => props.onType(rank, next)}
            onInvalid={setInvalid}
          />
          <NumberInk rank={rank} />
        </span>
        <button
          type="button"
          className="ib"
          aria-pressed={locked}
          aria-label={`Lock rank ${name}`}
          title={lockTitle(locked, held)}
          disabled={held}
          onClick={() => props.onLock(rank)}
        >
          <Icon name={locked ? 'lock' : 'unlock'} />
        </button>
      </div>
      <Slider
        label={`Rank ${name} of ${layers}`}
        valueText={`rank ${value}`}
        min={min}
        max={max}
        value={value}
        now={() => props.now(rank)}
        was={was}
        disabled={locked || fixed}
        place={(each) => placeOf(scale, each)}
        at={(place, free) => snapInto(scale, valueAt(scale, place), free ? 1 : step)}
        afterKey={(from, key, free) => afterKey(scale, from, key, free ? 1 : step)}
        onPreview={(next) => props.onPreview(rank, next)}
        onCommit={() => props.onCommit(rank)}
        onCancel={props.onCancel}
        onHover={setHover}
      >
        {scent === null ? (
          <span className="strip" />
        ) : (
          <ScentStrip scent={scent} scale={scale} range={range} heights={heights} />
        )}
        {cut !== null && <span className="hatch" style={{ '--cut': placeOf(scale, cut) } as CSSProperties} />}
        <span className="was" />
        <span className="cursor" />
        {here !== null && scent !== null && (
          <span className="dot" style={{ bottom: `${14 + 36 * edpHeight(range, 1 / here.reduction)}px` }} />
        )}
        <SliderInk rank={rank} scale={scale} scent={scent} range={range} known={props.known} />
        <span className="ticks">
          {ticks.map((tick) => (
            <i
              key={tick}
              className={tick === cut ? 'cut' : undefined}
              style={{ left: `${placeOf(scale, tick) * 100}%` }}
            >
              {tick}
            </i>
          ))}
        </span>
        {hover !== null && hover !== value && (
          <span
            className="peek"
            style={{ left: `${placeOf(scale, hover) * 100}%` }}
            data-right={placeOf(scale, hover) > 0.5 || undefined}
          >
            <b>{hover}</b>
            {scent !== null && peekText(scent, hover, axis)}
          </span>
        )}
      </Slider>
    </div>
  );
});

function lockTitle(locked: boolean, held: boolean): string {
  if (held) return 'The whole layer is locked';
  return locked
    ? 'Locked: neither drag nor search changes it'
    : 'Lock: neither drag nor search may change it';
}

function peekText(scent: Scent, rank: number, axis: StripAxis | null): string {
  const { reduction, kept } = readScent(scent, rank);
  const value =
    axis === null
      ? `${formatPercent(100 * kept, 1)} kept`
      : axis.words.text(interpolate(scent.values, axis.values(scent), rank));
  return `: ${formatRatioShort(reduction)}, ${value}`;
}
