/**
 * `--model`: a shape card by its id, or an ONNX file, a safetensors file, index or folder.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { cardIds, modelById } from '../core/workload/cards.ts';
import type { TransformerModel } from '../core/workload/model.ts';
import type { ModelChoice } from '../state/config.ts';
import { openModel } from './model-files.ts';

export interface ChosenModel {
  readonly model: TransformerModel;
  readonly choice: ModelChoice;
}

export async function chooseModel(folder: string, name: string, subject: string): Promise<ChosenModel> {
  const isFile = !cardIds.includes(name) && (/[./\\]/.test(name) || existsSync(resolve(folder, name)));
  if (!isFile) return { model: modelById(name), choice: { kind: 'card', id: name } };
  const { file, close } = await openModel(folder, name, subject);
  close();
  const { model, bytes } = file;
  const [product] = model.attention;
  const choice: ModelChoice = {
    kind: 'file',
    name: model.title,
    bytes,
    linears: model.linears,
    heads:
      product === undefined
        ? null
        : { heads: product.heads, kvHeads: product.kvHeads, headWidth: product.headWidth },
    sequence: { usual: model.defaultSequence, most: model.maxSequence },
  };
  return { model, choice };
}
