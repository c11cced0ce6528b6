/** The dialog that is open. Loaded when the first one opens. */
import { lazy } from 'react';
import { AcceleratorDialog } from './AcceleratorDialog.tsx';
import type { DialogName } from './dialog-context.ts';
import { HelpDialog } from './HelpDialog.tsx';
import { ModelDialog } from './ModelDialog.tsx';
import { ShareDialog } from './ShareDialog.tsx';
import { Tour } from './Tour.tsx';
import { WorkloadDialog } from './WorkloadDialog.tsx';

// Few ask for it.
const ValidationDialog = lazy(() =>
  import('./ValidationDialog.tsx').then((all) => ({ default: all.ValidationDialog })),
);

const ExportDialog = lazy(() =>
  import('../export/ExportDialog.tsx').then((all) => ({ default: all.ExportDialog })),
);

const PredictionsDialog = lazy(() =>
  import('../accuracy/PredictionsDialog.tsx').then((all) => ({ default: all.PredictionsDialog })),
);

const TierValidationDialog = lazy(() =>
  import('../accuracy/TierValidationDialog.tsx').then((all) => ({ default: all.TierValidationDialog })),
);

export interface OpenDialogProps {
  readonly onClose: () => void;
}

export function Dialogs({ name, onClose }: OpenDialogProps & { readonly name: DialogName }) {
  switch (name) {
    case 'model':
      return <ModelDialog onClose={onClose} />;
    case 'accelerator':
      return <AcceleratorDialog onClose={onClose} />;
    case 'workload':
      return <WorkloadDialog onClose={onClose} />;
    case 'share':
      return <ShareDialog onClose={onClose} />;
    case 'export':
      return <ExportDialog onClose={onClose} />;
    case 'help':
      return <HelpDialog onClose={onClose} />;
    case 'tour':
      return <Tour onClose={onClose} />;
    case 'predictions':
      return <PredictionsDialog onClose={onClose} />;
    case 'tier-validation':
      return <TierValidationDialog onClose={onClose} />;
    case 'validation':
      return <ValidationDialog onClose={onClose} />;
  }
  name satisfies never;
}
