import { describe, expect, it } from 'vitest';
import { sniff } from './sniff.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const header = '\u0020\u0000\u0000\u0000\u0000\u0000\u0000\u0000{"a": {}}';

describe('the first bytes of a file', () => {
  it.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:', 'a git-lfs pointer', /git lfs pull/],
    ['\n <!DOCTYPE html><html>', 'a web page', /download the raw file/],
    ['PK\u0003\u0004\u0014\u0000', 'a zip archive', /torch.onnx.export/],
    ['\u001f\u008b\u0008', 'a gzip archive', /unpacked/],
    ['\u0089HDF\r\n', 'an HDF5 file', /tf2onnx/],
    ['\u0018\u0000\u0000\u0000ORTM', "onnxruntime's .ort format", /file it was made from/],
    ['\u001c\u0000\u0000\u0000TFL3', 'a TensorFlow Lite file', /tf2onnx/],
    ['GGUF\u0003', 'a GGUF file', /convert/],
    ['\u0080\u0002}q\u0000', 'a pickle file', /torch.onnx.export/],
    ['{"config": 1}', 'a JSON text', /ONNX model/],
    [header, 'a safetensors file', /rename it to .safetensors/],
  ])('tell a stranger: %j', (text, what, rule) => {
    expect(sniff(bytes(text), 'ONNX')).toEqual({ what, rule: expect.stringMatching(rule) });
  });

  it('say nothing of what may be a model', () => {
    expect(sniff(bytes('\u0008\u0008\u0012\u0007pytorch'), 'ONNX')).toBeNull();
    expect(sniff(bytes(header), 'safetensors')).toBeNull();
    expect(sniff(bytes(''), 'ONNX')).toBeNull();
    expect(sniff(bytes('\u0008\u0008\u0012\u0007pytorch'), 'safetensors')?.what).toBe('an ONNX model');
  });
});
