/** Choose what is factorized: a shape card, a transformer by its numbers, one layer, or a file. */
import { taskOf } from '../../core/tasks/tasks.ts';
import { cardIds, modelById } from '../../core/workload/cards.ts';
import { countParameters } from '../../core/workload/workload.ts';
import type { TransformerModel } from '../../core/workload/model.ts';
import type { ModelChoice } from '../../state/config.ts';
import { modelOf } from '../../state/defaults.ts';
import { setModel, setWorkload } from '../../state/edits.ts';
import { useActions, useApp } from '../app.ts';
import { formatCount } from '../format.ts';
import { CustomModelForm } from './CustomModelForm.tsx';
import { Dialog } from './Dialog.tsx';
import { FileDrop } from './FileDrop.tsx';
import { GemmForm } from './GemmForm.tsx';
import type { OpenDialogProps } from './Dialogs.tsx';

export function ModelDialog({ onClose }: OpenDialogProps) {
  const { edit } = useActions();
  const choice = useApp((state) => state.config.model);
  const tokens = useApp((state) => state.config.workload.tokens);
  const choose = (next: ModelChoice, rows?: number): void => {
    edit(`Model ${modelOf(next).title}`, (config) => {
      const changed = setModel(config, next);
      return rows === undefined ? changed : setWorkload(changed, { tokens: rows });
    });
    onClose();
  };
  return (
    <Dialog title="Model" onClose={onClose} wide>
      <h3>Trained models</h3>
      <p className="note">
        Trained by this project on data that the tab makes anew: their accuracy is estimated from tables and
        measured here.
      </p>
      <Cards label="Trained models" ids={cardIds.filter(isTrained)} choice={choice} onChoose={choose} />
      <h3>Shape cards</h3>
      <p className="note">
        Shapes without weights: what is kept of the weights is then an estimate between two spectra.
        Embeddings are counted, never factorized; a head or pooler only when you select it and choose a
        format.
      </p>
      <Cards
        label="Shape cards"
        ids={cardIds.filter((id) => !isTrained(id))}
        choice={choice}
        onChoose={choose}
      />
      <h3>A file of yours</h3>
      <FileDrop onOpened={onClose} />
      <h3>A transformer by its numbers</h3>
      <CustomModelForm
        start={choice.kind === 'custom' ? choice.spec : null}
        onTake={(spec) => choose({ kind: 'custom', spec })}
      />
      <h3>One layer</h3>
      <GemmForm
        start={{
          m: tokens,
          n: choice.kind === 'gemm' ? choice.n : 3072,
          k: choice.kind === 'gemm' ? choice.k : 768,
        }}
        onTake={({ m, n, k }) => choose({ kind: 'gemm', n, k }, m)}
      />
    </Dialog>
  );
}

const isTrained = (id: string): boolean => taskOf(id) !== null;

interface CardsProps {
  readonly label: string;
  readonly ids: readonly string[];
  readonly choice: ModelChoice;
  readonly onChoose: (choice: ModelChoice) => void;
}

function Cards({ label, ids, choice, onChoose }: CardsProps) {
  return (
    <div className="cards" role="group" aria-label={label}>
      {ids.map((id) => (
        <button
          key={id}
          type="button"
          className="card"
          aria-pressed={choice.kind === 'card' && choice.id === id}
          onClick={() => onChoose({ kind: 'card', id })}
        >
          <b>{modelById(id).title}</b>
          <span>{describe(modelById(id))}</span>
          <span className="note">{modelById(id).source}</span>
        </button>
      ))}
    </div>
  );
}

function describe(model: TransformerModel): string {
  const blocks = new Set(model.linears.flatMap((layer) => layer.block ?? [])).size;
  const width = model.linears.find((layer) => layer.group === 'Q')?.in ?? model.linears[0]?.in ?? 0;
  const { linear, embedding } = countParameters(model);
  return (
    `${blocks} layers, ${width} wide, ${formatCount(linear + embedding)} parameters: ` +
    `${formatCount(linear)} linear, ${formatCount(embedding)} embeddings`
  );
}
