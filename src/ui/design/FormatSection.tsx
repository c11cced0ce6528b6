/** Which format the selection has, what each other would give at the same size, and its shape. */
import { useState } from 'react';
import { modelOf } from '../../state/defaults.ts';
import { copyFocus, isMixed, toggleLock } from '../../state/edits.ts';
import { nameLayers } from '../../state/labels.ts';
import { useActions, useCommitted, useGains, useResting } from '../app.ts';
import { formatExact } from '../format.ts';
import { Icon } from '../icons.tsx';
import { selectionText } from '../words.ts';
import { FormatChoice } from './FormatChoice.tsx';
import { metricWords } from '../metric.ts';
import { gainSentence } from './gain-sentence.ts';
import { ShapeRow } from './ShapeRow.tsx';

export function FormatSection() {
  const { edit } = useActions();
  const config = useResting();
  const gains = useGains();
  const { metric } = useCommitted().evaluation.accuracy;
  const words = `EDP reduction of the layer and ${metricWords(metric).axis} at equal parameters; red costs more than dense`;
  const sentence = gainSentence(gains);
  // What was said stands, with its tokens, until all formats have answered anew.
  const [said, say] = useState(sentence);
  if (sentence !== null && sentence !== said) say(sentence);
  const { selection, focus } = config.view;
  const model = modelOf(config.model);
  const f = config.design[focus];
  const layer = model.linears[focus];
  const { roles, blocks } = selectionText(model, selection);
  if (f === undefined || layer === undefined) return null;
  const mixed = isMixed(config);
  const mixedFormats = mixed && selection.some((index) => config.design[index]?.format !== f.format);

  const name = nameLayers(model, selection);
  const locked = selection.every((index) =>
    config.locks.some((lock) => lock.layer === index && lock.rank === null),
  );

  return (
    <div className="sec format">
      <header>
        <h2 className="clip">
          {roles}
          {blocks !== '' && <span className="soft">, {blocks}</span>}
        </h2>
        <span className="grow" />
        <span className="note">
          {selection.length > 1 && `${selection.length} matrices, `}
          {formatExact(layer.out)} × {formatExact(layer.in)}
        </span>
        <button
          type="button"
          className="ib lock"
          aria-pressed={locked}
          aria-label={`Lock ${name}`}
          title={
            locked
              ? 'Locked: neither edit nor search changes them'
              : 'Lock: neither edit nor search may change them'
          }
          onClick={() =>
            edit(`${locked ? 'Unlock' : 'Lock'} ${name}`, (c) => toggleLock(c, c.view.selection, null))
          }
        >
          <Icon name={locked ? 'lock' : 'unlock'} />
        </button>
      </header>
      <FormatChoice current={f.format} partly={mixedFormats} gains={gains} metric={metric} />
      <p className="hint" title={words}>
        {said ?? `${words}.`}
      </p>
      {mixed && (
        <p className="hint mixed">
          <span>
            The selection is mixed; what you see is {layer.role}
            {layer.block === null ? '' : ` of layer ${layer.block + 1}`}.
          </span>{' '}
          <button type="button" className="link" onClick={() => edit(`Make ${name} alike`, copyFocus)}>
            Make all alike
          </button>
        </p>
      )}
      {f.format !== 'dense' && f.format !== 'svd' && (
        <div className="shapes">
          <ShapeRow side="out" extent={layer.out} modes={f.outModes} />
          <ShapeRow side="in" extent={layer.in} modes={f.inModes} />
        </div>
      )}
    </div>
  );
}
