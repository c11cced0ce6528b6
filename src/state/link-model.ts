/** A model choice in a link: a card by its number, a custom model by its figures, a file by the shapes of its layers. */
import type { Group, LinearLayer } from '../core/workload/model.ts';
import { BrokenBytes, code, decoded, type ByteReader, type ByteWriter } from './bytes.ts';
import type { ModelChoice } from './config.ts';
import { maxLinears } from './draft.ts';

// Both lists may grow at their end and are never reordered.
const cardCodes = [
  'bert-base',
  'bert-large',
  'vit-b16',
  'deit-s',
  'gpt2',
  'llama-7b',
  'llama-3-8b',
  'glyph-vit',
  'lexical-qa',
] as const;
const groupCodes: readonly Group[] = ['Q', 'K', 'V', 'O', 'FFN1', 'FFN2', 'other'];
const kindCodes: readonly ModelChoice['kind'][] = ['card', 'custom', 'gemm', 'file'];

export function packModel(to: ByteWriter, model: ModelChoice): void {
  code(to, kindCodes, model.kind);
  switch (model.kind) {
    case 'card': {
      const index = (cardCodes as readonly string[]).indexOf(model.id);
      to.uint(index + 1);
      if (index < 0) to.text(model.id);
      return;
    }
    case 'custom': {
      const { width, layers, ffn, heads, kvHeads, gatedMlp, vocabulary } = model.spec;
      [width, layers, ffn, heads, kvHeads, gatedMlp ? 1 : 0, vocabulary].forEach(to.uint);
      return;
    }
    case 'gemm':
      to.uint(model.n);
      return to.uint(model.k);
    case 'file': {
      const { linears } = model;
      to.text(model.name);
      to.uint(model.bytes);
      // Column by column: like stands beside like.
      to.uint(linears.length);
      for (const layer of linears) to.text(layer.name);
      for (const layer of linears) to.text(layer.role);
      for (const layer of linears) code(to, groupCodes, layer.group);
      for (const layer of linears) to.uint(layer.block === null ? 0 : layer.block + 1);
      for (const layer of linears) to.uint(layer.out);
      for (const layer of linears) to.uint(layer.in);
      for (const layer of linears) to.uint(flagsOf(layer));
      const { heads, kvHeads, headWidth } = model.heads ?? { heads: 0, kvHeads: 0, headWidth: 0 };
      [heads, kvHeads, headWidth, model.sequence.usual, model.sequence.most].forEach(to.uint);
      return;
    }
  }
  model satisfies never;
}

function flagsOf({ bias, factorize, rows }: LinearLayer): number {
  return (bias ? 1 : 0) + (factorize ? 2 : 0) + (rows === 'sequences' ? 4 : 0);
}

export function unpackModel(from: ByteReader): ModelChoice {
  const kind = decoded(from, kindCodes, 'model kind');
  switch (kind) {
    case 'card': {
      const index = from.uint();
      const id = index === 0 ? from.text() : cardCodes[index - 1];
      if (id === undefined) throw new BrokenBytes(`model ${index} is unknown here`);
      return { kind, id };
    }
    case 'custom': {
      const [width, layers, ffn, heads, kvHeads, gated, vocabulary] = Array.from({ length: 7 }, from.uint);
      return {
        kind,
        spec: {
          width: width ?? 0,
          layers: layers ?? 0,
          ffn: ffn ?? 0,
          heads: heads ?? 0,
          kvHeads: kvHeads ?? 0,
          gatedMlp: gated === 1,
          vocabulary: vocabulary ?? 0,
        },
      };
    }
    case 'gemm':
      return { kind, n: from.uint(), k: from.uint() };
    case 'file': {
      const name = from.text();
      const bytes = from.uint();
      const count = from.count();
      if (count > maxLinears) throw new BrokenBytes(`it has ${count} layers, more than ${maxLinears}`);
      const column = <T>(read: () => T): readonly T[] => Array.from({ length: count }, read);
      const names = column(from.text);
      const roles = column(from.text);
      const layerGroups = column(() => decoded(from, groupCodes, 'group'));
      const blocks = column(from.uint);
      const outs = column(from.uint);
      const ins = column(from.uint);
      const flags = column(from.uint);
      const linears = names.map((layerName, i) => ({
        name: layerName,
        role: roles[i] ?? '',
        group: layerGroups[i] ?? 'other',
        block: blocks[i] === 0 ? null : (blocks[i] ?? 0) - 1,
        out: outs[i] ?? 0,
        in: ins[i] ?? 0,
        bias: (flags[i] ?? 0) % 2 === 1,
        factorize: Math.floor((flags[i] ?? 0) / 2) % 2 === 1,
        ...((flags[i] ?? 0) >= 4 && { rows: 'sequences' as const }),
      }));
      const [heads = 0, kvHeads = 0, headWidth = 0, usual = 0, most = 0] = Array.from(
        { length: 5 },
        from.uint,
      );
      return {
        kind,
        name,
        bytes,
        linears,
        heads: heads === 0 ? null : { heads, kvHeads, headWidth },
        sequence: { usual, most },
      };
    }
  }
}
