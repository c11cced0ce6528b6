/** How well the estimated and calibrated tiers foretell what is measured, on designs that no fit has seen. */
import type { AccuracyValidation, ValidatedModel } from '../../core/accuracy/agreement.ts';
import { modelById } from '../../core/workload/cards.ts';
import { Dialog } from '../dialogs/Dialog.tsx';
import { Fetched } from '../dialogs/Fetched.tsx';
import type { OpenDialogProps } from '../dialogs/Dialogs.tsx';
import { formatExact, formatNumber, formatPercent } from '../format.ts';
import { TierScatter } from './TierScatter.tsx';
import './accuracy.css';

/** What the project holds itself to: rank correlation at equal parameters, and how often a 90 % band holds. */
const targets = { T0: 0.85, T1: 0.9, coverage: 0.88 } as const;

const tierNames = { T0: 'Estimated', T1: 'Calibrated' } as const;

export function TierValidationDialog({ onClose }: OpenDialogProps) {
  return (
    <Dialog title="How good the estimates are" wide onClose={onClose}>
      <p>
        Random designs of mixed formats, at a few sizes each, were run on held-out examples and compared with
        what the tables say. At one size the count of parameters tells nothing: there an estimate must show
        what it knows.
      </p>
      <Fetched<AccuracyValidation> name="accuracy-validation.json">
        {(file) => (
          <>
            {file.models.map((model) => (
              <Model key={model.model} model={model} />
            ))}
            <p className="note">
              Seed {formatExact(file.seed)}, never used in calibration{file.quick ? '; a quick run' : ''}. To
              redo it: <code>npm run -s validate -- --seed {file.seed}</code>. A search favours the errors of
              its estimates: curves and bands are fitted to random designs and to ones that searches picked,
              and the frontier is measured.
            </p>
          </>
        )}
      </Fetched>
    </Dialog>
  );
}

function Model({ model: { model, n, examples, pairs, designs } }: { readonly model: ValidatedModel }) {
  return (
    <section className="tier-validation">
      <h3>{modelById(model).title}</h3>
      <p className="note">
        {formatExact(n)} designs, {formatExact(examples)} examples each
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Against measured</th>
            <th scope="col">Spearman</th>
            <th scope="col">Kendall</th>
            <th scope="col">Spearman at equal parameters</th>
            <th scope="col">90 % band holds</th>
            <th scope="col">mean error, points</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr key={pair.low}>
              <th scope="row">{tierNames[pair.low]}</th>
              <td>{formatNumber(pair.spearman, 3)}</td>
              <td>{formatNumber(pair.kendall, 3)}</td>
              <td>
                <Against
                  value={pair.spearmanEqualParameters}
                  target={targets[pair.low]}
                  text={formatNumber(pair.spearmanEqualParameters, 3)}
                />
              </td>
              <td>
                <Against
                  value={pair.coverage90}
                  target={targets.coverage}
                  text={formatPercent(100 * pair.coverage90)}
                />
              </td>
              <td>{formatNumber(pair.meanError, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <TierScatter designs={designs} title={`Estimated and measured accuracy of ${modelById(model).title}`} />
    </section>
  );
}

/** A figure with its target, and in words when it is missed. */
function Against({
  value,
  target,
  text,
}: {
  readonly value: number;
  readonly target: number;
  readonly text: string;
}) {
  const met = value >= target;
  return (
    <span className={met ? 'good' : 'bad'} title={`target ${target}`}>
      {text}
      {met ? '' : ` (missed: ${target})`}
    </span>
  );
}
