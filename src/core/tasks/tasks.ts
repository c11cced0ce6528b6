/** The tasks that shipped models were trained for, by the id of the model. */
import { glyphTask } from './glyphs.ts';
import { questionTask } from './questions.ts';
import type { Task } from './task.ts';

export const tasks: Readonly<Record<Task['id'], Task>> = {
  'glyph-vit': glyphTask,
  'lexical-qa': questionTask,
};

/** Null for a model without a task: nothing can be measured for it. */
export const taskOf = (modelId: string): Task | null =>
  Object.hasOwn(tasks, modelId) ? tasks[modelId as Task['id']] : null;
