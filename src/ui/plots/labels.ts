/** Words on the plot: pins, dense, limit and baselines, each where it covers least. Pure. */
import { formatRatio } from '../format.ts';
import { metricWords } from '../metric.ts';
import { roomiest, textWidth, type Box } from './boxes.ts';
import type { Domain, Frame, Place, Scales } from './frame.ts';
import type { Label, LiveData, LiveMarks, StillData } from './pareto.ts';

interface Wish {
  readonly label: Omit<Label, 'x' | 'y' | 'anchor'>;
  readonly places: readonly Pick<Label, 'x' | 'y' | 'anchor'>[];
}

/** @param taken boxes that must stay free: the designs' marks and the flag */
export function placeLabels(
  data: LiveData,
  still: StillData,
  scales: Scales,
  frame: Frame,
  { metric }: Domain,
  marks: Pick<LiveMarks, 'dense' | 'limit' | 'pins'>,
  taken: readonly Box[],
): readonly Label[] {
  const { short } = metricWords(metric);
  const wishes: Wish[] = [
    ...marks.pins.map((pin): Wish => {
      const source = data.pins.find((other) => other.letter === pin.letter);
      const words =
        source === undefined ? '' : `${formatRatio(source.x)}${frame.compact ? '' : `, ${short(source.y)}`}`;
      return { label: { who: pin.letter, text: words }, places: around(pin) };
    }),
    { label: { text: 'Dense' }, places: around(marks.dense) },
    ...(marks.limit === null || data.limit === null
      ? []
      : [
          {
            label: { text: `${frame.compact ? 'limit' : 'your limit'} ${short(data.limit)}` },
            places: [
              { x: frame.left + 6, y: marks.limit.y - 5, anchor: 'start' as const },
              { x: frame.left + 6, y: marks.limit.y + 13, anchor: 'start' as const },
              { x: frame.right - 6, y: marks.limit.y - 5, anchor: 'end' as const },
            ],
          },
        ]),
    ...still.baselines.flatMap(({ label, places }): Wish[] => {
      const along = alongside(places, scales, frame);
      return along.length === 0 ? [] : [{ label: { text: label }, places: along }];
    }),
  ];
  const room: Box = {
    x: frame.left,
    y: frame.top - 6,
    width: frame.right - frame.left,
    height: frame.bottom - frame.top,
  };
  const boxes = [...taken];
  return wishes.map(({ label, places }) => {
    const words = label.who === undefined ? label.text : `${label.who} ${label.text}`;
    const options = places.map((place) => labelBox(place, words));
    const chosen = roomiest(options, boxes, room);
    boxes.push(options[chosen] ?? { x: 0, y: 0, width: 0, height: 0 });
    return { ...label, ...(places[chosen] ?? { x: 0, y: 0, anchor: 'start' as const }) };
  });
}

function labelBox(place: Pick<Label, 'x' | 'y' | 'anchor'>, text: string): Box {
  const width = textWidth(text);
  const x =
    place.anchor === 'start' ? place.x : place.anchor === 'end' ? place.x - width : place.x - width / 2;
  return { x, y: place.y - 10, width, height: 14 };
}

/** Below left first: dominated points are there, never better ones. */
function around({ x, y }: { x: number; y: number }): readonly Pick<Label, 'x' | 'y' | 'anchor'>[] {
  return [
    { x: x - 12, y: y + 18, anchor: 'end' },
    { x: x + 13, y: y - 4, anchor: 'start' },
    { x: x + 13, y: y + 16, anchor: 'start' },
    { x: x - 12, y: y - 8, anchor: 'end' },
    { x: x - 4, y: y + 32, anchor: 'start' },
    { x, y: y + 28, anchor: 'middle' },
    { x, y: y - 16, anchor: 'middle' },
  ];
}

/** Places beside a line, under it, at several points of its visible part. */
function alongside(
  places: readonly Place[],
  scales: Scales,
  frame: Frame,
): readonly Pick<Label, 'x' | 'y' | 'anchor'>[] {
  const seen = places
    .map((place) => ({ x: scales.x(place.x), y: scales.y(place.y) }))
    .filter(({ x, y }) => x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom - 8);
  if (seen.length === 0) return [];
  return [0.7, 0.8, 0.6, 0.9, 0.5, 0.4, 0.3, 1, 0.2].flatMap((share) => {
    const spot = seen[Math.round(share * (seen.length - 1))];
    if (spot === undefined) return [];
    return [
      { x: spot.x - 6, y: spot.y + 13, anchor: 'end' as const },
      { x: spot.x + 6, y: spot.y - 6, anchor: 'start' as const },
    ];
  });
}
