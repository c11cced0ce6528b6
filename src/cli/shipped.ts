/** The trained models that come with the program: `public/models` in a clone, `dist/web/models` in the packed package. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError } from '../core/base/checks.ts';
import type { CalibrationTable } from '../core/accuracy/sensitivity.ts';
import type { Task } from '../core/tasks/task.ts';
import { taskOf, tasks } from '../core/tasks/tasks.ts';
import type { ModelChoice } from '../state/config.ts';

/** This file in a clone and the bundle `dist/cli/rankscape.js` lie equally deep; `../web` is beside the bundle only. */
const folders = ['../../public/models/', '../web/models/'] as const;

/** @throws InputError for a model without a task */
export function taskNamed(model: string, subject: string): Task {
  const task = taskOf(model);
  if (task === null)
    throw new InputError(subject, `the model must be one of ${Object.keys(tasks).join(', ')}`, model);
  return task;
}

/** The tables that estimate a shipped model's accuracy; null for other models. */
export function shippedCalibration(choice: ModelChoice): CalibrationTable | null {
  if (choice.kind !== 'card' || taskOf(choice.id) === null) return null;
  const found = pathsOf(`${choice.id}.json`).find((path) => existsSync(path));
  return found === undefined ? null : (JSON.parse(readFileSync(found, 'utf8')) as CalibrationTable);
}

const pathsOf = (name: string): readonly string[] =>
  folders.map((folder) => fileURLToPath(new URL(`${folder}${name}`, import.meta.url)));

/** Absolute path of its ONNX file. @throws InputError when it is not there */
export function shippedModelPath(id: Task['id'], subject: string): string {
  const paths = pathsOf(`${id}.onnx`);
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new InputError(subject, `the model's file must be there`, paths[0]);
  return found;
}
