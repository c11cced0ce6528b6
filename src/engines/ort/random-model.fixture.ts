/** The networks of the shipped models with random weights, as files: tests need no training. */
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { createRandom } from '../../core/base/random.ts';
import type { Task } from '../../core/tasks/task.ts';
import { networkOf } from '../training/networks.ts';
import { shippedModel } from '../training/shipped.ts';

export function randomModel(id: Task['id'], seed = 1): Uint8Array {
  const network = networkOf(id);
  const random = createRandom(seed);
  const parameters = new Map(
    network.parameters.map(({ name, shape, start }) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      const draw = (): number => ('value' in start ? start.value : start.deviation * random.normal());
      return [name, Float32Array.from({ length: size }, draw)] as const;
    }),
  );
  return toBinary(ModelProtoSchema, shippedModel(network, parameters));
}
