import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import type { OnnxModel } from '../onnx/model.ts';
import { tensorValue, type Extent } from '../onnx/edit-messages.ts';
import { pictureCollector, pictureGraph, prepared, preprocessingOf, sayPreprocessing } from './pictures.ts';
import type { Picture } from './resize.ts';

type Extents = readonly Extent[];

/** A graph of which only inputs are looked at. */
function graphOf(inputs: Readonly<Record<string, Extents>>): OnnxModel {
  const input = Object.entries(inputs).map(([name, extents]) => tensorValue(name, 'F32', extents));
  const proto = create(ModelProtoSchema, { graph: create(GraphProtoSchema, { input }) });
  return { proto, initializers: new Map(), bytes: 0, tensorOf: () => expect.unreachable() };
}

const picture = (width: number, height: number): Picture => ({
  width,
  height,
  channels: 3,
  values: Uint8Array.from({ length: 3 * width * height }, (_, k) => k % 256),
});

describe('the input that takes pictures', () => {
  it.each([
    [{ x: ['batch', 3, 24, 32] }, { layout: 'channels-first', channels: 3, height: 24, width: 32 }],
    [
      { x: ['batch', 'channels', 'h', 'w'] },
      { layout: 'channels-first', channels: 3, height: null, width: null },
    ],
    [{ x: ['batch', 24, 32, 3] }, { layout: 'channels-last', channels: 3, height: 24, width: 32 }],
    [
      { x: ['batch', 'height', 'width', 1] },
      { layout: 'channels-last', channels: 1, height: null, width: null },
    ],
    [{ image: ['batch', 24, 24] }, { layout: 'no-channels', channels: 1, height: 24, width: 24 }],
  ])('%j', (inputs, expected) => {
    expect(pictureGraph(graphOf(inputs as Record<string, Extents>))).toMatchObject(expected);
  });

  it('is not one of hidden states, has 1 or 3 channels and nothing beside it', () => {
    expect(pictureGraph(graphOf({ x: ['batch', 'sequence', 24] }))).toBeNull();
    expect(() => pictureGraph(graphOf({ x: ['batch', 4, 24, 24] }))).toThrow(
      'inputs: x must have 1 or 3 channels to take pictures, got 4',
    );
    expect(() => pictureGraph(graphOf({ x: ['batch', 3, 8, 8], mask: ['batch', 4] }))).toThrow(
      'inputs: mask (float32 [batch, 4]) cannot be made from pictures; give arrays (.npz)',
    );
  });
});

describe('a picture prepared', () => {
  const graph = pictureGraph(graphOf({ x: ['batch', 3, 'height', 'width'] }))!;
  const sized = (config: unknown, from: readonly [number, number]) => {
    const how = preprocessingOf(graph, config);
    const { width, height } = prepared(picture(...from), graph, how);
    return [width, height];
  };

  it.each([
    [{ size: { height: 8, width: 12 } }, [30, 20], [12, 8]],
    [{ size: 10 }, [30, 20], [10, 10]],
    [{ size: { shortest_edge: 10 } }, [31, 20], [15, 10]],
    [
      { size: { shortest_edge: 12 }, do_center_crop: true, crop_size: { height: 8, width: 9 } },
      [20, 31],
      [9, 8],
    ],
    // As CLIP's first configs say it.
    [{ size: 12, do_center_crop: true, crop_size: 8 }, [31, 20], [8, 8]],
    [{ do_resize: false }, [31, 20], [31, 20]],
  ] as const)('by %j is of %j', (config, from, to) => {
    expect(sized(config, from)).toEqual(to);
  });

  it('has its channels where the graph has them, scaled and shifted', () => {
    const config = { do_resize: false, rescale_factor: 0.5, image_mean: [1, 2, 3], image_std: 2 };
    const given = picture(2, 1);
    const arrays = (['channels-first', 'channels-last'] as const).map((layout) => {
      const own = { ...graph, layout };
      const collector = pictureCollector(own, preprocessingOf(own, config), 1);
      collector.add(given, 'a.png');
      return collector.array();
    });
    // Bytes 0 1 2, 3 4 5.
    expect(arrays[0]).toMatchObject({ shape: [1, 3, 1, 2] });
    expect([...arrays[0]!.values]).toEqual([-0.5, 0.25, -0.75, 0, -1, -0.25]);
    expect(arrays[1]).toMatchObject({ shape: [1, 1, 2, 3] });
    expect([...arrays[1]!.values]).toEqual([-0.5, -0.75, -1, 0.25, 0, -0.25]);
  });

  it('is told in a sentence, and one of another size refused', () => {
    const config = { do_resize: false, do_normalize: false };
    const how = preprocessingOf(graph, config);
    expect(sayPreprocessing(how)).toBe('not resized, not normalized');
    const collector = pictureCollector(graph, how, 2);
    collector.add(picture(3, 2), 'a.png');
    expect(() => collector.add(picture(2, 3), 'b.png')).toThrow('b.png: must be 3 x 2 as those before');
  });
});
