/** Which dialog is open; any component may open one. */
import { createContext, use } from 'react';

export type DialogName =
  | 'predictions'
  | 'tier-validation'
  | 'model'
  | 'accelerator'
  | 'workload'
  | 'share'
  | 'export'
  | 'help'
  | 'tour'
  | 'validation';

export const DialogContext = createContext<(name: DialogName) => void>(() => {});

export function useOpenDialog(): (name: DialogName) => void {
  return use(DialogContext);
}
