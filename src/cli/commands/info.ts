/** `info`: the layers of a model file. */
import type { Factorization } from '../../core/factor/factorization.ts';
import { parameterCount } from '../../core/factor/parameters.ts';
import { defineCommand } from '../command.ts';
import { openModel } from '../model-files.ts';
import { positional, required, text } from '../options.ts';
import { facts, table } from '../table.ts';

interface Result {
  readonly format: 'safetensors' | 'onnx';
  readonly bytes: number;
  readonly layers: readonly {
    readonly name: string;
    readonly out: number;
    readonly in: number;
    readonly bias: boolean;
    readonly group: string;
    readonly dtype: string;
    readonly weight: string;
    /** The file's own name of the graph node; safetensors has none. */
    readonly node: string | null;
    readonly uses: number;
    /** What the layer is in the file, where `export` wrote it. */
    readonly factors?: Factorization & { readonly parameters: number };
  }[];
  readonly embeddings: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export const infoCommand = defineCommand({
  name: 'info',
  summary: 'linear layers and embeddings of a model file',
  usage: 'info FILE',
  notes: [
    'FILE is an ONNX file (its external data beside it), a safetensors file, a shard index',
    '(model.safetensors.index.json), or the folder of one of them. Only header or graph are read.',
    'Result: {format, bytes, layers: [{name, out, in, bias, group, dtype, weight, node, uses}], embeddings: [{name,',
    'shape}]}. out and in are those of torch.nn.Linear whatever the storage. A file that export wrote has the layers of its',
    'source; those that stand there as factors have factors: {format, outModes, inModes, ranks, parameters}.',
  ],
  options: { file: required(positional(text('FILE', 'the model'))) },
  run: async ({ file: name }, { folder, note }): Promise<Result> => {
    const { file, design, close } = await openModel(folder, name, 'info');
    close();
    const factorsOf = (layer: string): Pick<Result['layers'][number], 'factors'> => {
      const f = design.get(layer);
      return f === undefined ? {} : { factors: { ...f, parameters: parameterCount(f) } };
    };
    if (file.format === 'onnx')
      for (const { node, op, reason } of file.model.skipped) note(`info: ${op} ${node} is left: ${reason}`);
    const nodes =
      file.format === 'onnx' ? new Map(file.model.linears.map((layer) => [layer.name, layer.node])) : null;
    return {
      format: file.format,
      bytes: file.bytes,
      layers: file.model.linears.map((layer) => ({
        name: layer.name,
        out: layer.out,
        in: layer.in,
        bias: layer.bias,
        group: layer.group,
        dtype: layer.dtype,
        weight: layer.weight,
        node: nodes?.get(layer.name) ?? null,
        uses: layer.uses,
        ...factorsOf(layer.name),
      })),
      embeddings: file.model.tables,
    };
  },
  print: ({ format, bytes, layers, embeddings }) =>
    [
      facts([
        ['format', format],
        ['bytes', bytes],
      ]),
      '',
      table(
        ['layer', 'out', 'in', 'bias', 'group', 'dtype', 'uses', 'factors'],
        layers.map((layer) => [
          layer.name,
          layer.out,
          layer.in,
          layer.bias ? 'yes' : 'no',
          layer.group,
          layer.dtype,
          layer.uses,
          layer.factors === undefined ? '' : `${layer.factors.format} ${layer.factors.ranks.join(' ')}`,
        ]),
      ),
      '',
      table(
        ['embedding', 'shape'],
        embeddings.map(({ name, shape }) => [name, shape.join(' x ')]),
      ),
    ].join('\n'),
});
