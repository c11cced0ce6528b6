/** Inside one matrix: what its factorization is, in which order it is multiplied and how it lies on the machine. */
import { useActions, useSettled } from '../app.ts';
import { Icon } from '../icons.tsx';
import { focusOn } from '../../state/selection.ts';
import { Lane } from './Lane.tsx';
import { WholeModel } from './WholeModel.tsx';
import { levelColour } from './nest.ts';
import './inside.css';

/** Lanes beside the current design. */
const mostPins = 2;

export function InsidePanel() {
  const { config, model, evaluator, linears } = useSettled();
  const { look } = useActions();
  const { focus, selection } = config.view;
  const view = linears[focus] ?? linears[0];
  if (view === undefined) return null;
  const { layer } = view;
  const where = layer.block === null ? layer.role : `${layer.role}, layer ${layer.block + 1}`;
  const at = selection.indexOf(focus);
  const pins = config.pins.slice(0, mostPins);
  const { levels } = config.accelerator;

  const step = (by: number): void => {
    const next = selection[at + by];
    if (next !== undefined) look((old) => focusOn(old, next));
  };
  const nameOf = (index: number | undefined): string => {
    const other = index === undefined ? undefined : model.linears[index];
    return other === undefined
      ? ''
      : other.block === null
        ? other.role
        : `${other.role}, layer ${other.block + 1}`;
  };
  return (
    <div className="inside-panel">
      <header className="inside-head">
        <h2>Inside {where}</h2>
        <span className="inside-step">
          <button
            type="button"
            className="ib"
            disabled={at <= 0}
            aria-label={at <= 0 ? 'First of the selection' : `Show ${nameOf(selection[at - 1])}`}
            onClick={() => step(-1)}
          >
            <Icon name="left" />
          </button>
          <button
            type="button"
            className="ib"
            disabled={at < 0 || at >= selection.length - 1}
            aria-label={
              at >= selection.length - 1 ? 'Last of the selection' : `Show ${nameOf(selection[at + 1])}`
            }
            onClick={() => step(1)}
          >
            <Icon name="right" />
          </button>
        </span>
        <span className="note subtitle">
          {layer.out} × {layer.in}: network, contraction path and loop nest of the chosen step
        </span>
        <span className="grow" />
        <ul className="memkey" aria-label="Memory levels, outermost first">
          {[...levels.map((level) => level.name), 'MAC'].map((name, i) => (
            <li key={name}>
              <i style={{ background: levelColour(i, levels.length) }} />
              {name}
            </li>
          ))}
        </ul>
      </header>
      <div className="inside-scroll">
        <div className={`lanes lanes-${pins.length + 1}`}>
          <Lane
            key={`now ${focus}`}
            who="now"
            evaluator={evaluator}
            index={focus}
            factorization={view.factorization}
            beside={pins.length > 0}
          />
          {pins.map(({ letter, design }) => {
            const factorization = design[focus];
            return factorization === undefined ? null : (
              <Lane
                key={`${letter} ${focus}`}
                who={letter}
                evaluator={evaluator}
                index={focus}
                factorization={factorization}
                beside
              />
            );
          })}
        </div>
        <WholeModel />
      </div>
    </div>
  );
}
