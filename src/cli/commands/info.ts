/** `info`: the layers of a model file. */
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
    'shape}]}. out and in are those of torch.nn.Linear whatever the storage.',
  ],
  options: { file: required(positional(text('FILE', 'the model'))) },
  run: async ({ file: name }, { folder, note }): Promise<Result> => {
    const { file, close } = await openModel(folder, name, 'info');
    close();
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
        ['layer', 'out', 'in', 'bias', 'group', 'dtype', 'uses'],
        layers.map((layer) => [
          layer.name,
          layer.out,
          layer.in,
          layer.bias ? 'yes' : 'no',
          layer.group,
          layer.dtype,
          layer.uses,
        ]),
      ),
      '',
      table(
        ['embedding', 'shape'],
        embeddings.map(({ name, shape }) => [name, shape.join(' x ')]),
      ),
    ].join('\n'),
});
