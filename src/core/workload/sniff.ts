/**
 * Files that are taken for models and are none, told by their first bytes, with what to do. Signatures: PKWARE APPNOTE
 * 4.3.7, RFC 1952, HDF5 3.0 II.A, git-lfs spec v1, GGUF spec, FlatBuffers file identifiers (ORTM, TFL3), safetensors.
 */
export interface Stranger {
  readonly rule: string;
  readonly what: string;
}

const remedy = { ONNX: 'torch.onnx.export', safetensors: 'safetensors.torch.save_model' };

const text = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

/** ir_version, then producer, graph or opset (fields 2, 7, 8 of ModelProto). */
const isOnnx = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x08 && (bytes[1] ?? 0) < 0x20 && [0x12, 0x3a, 0x42].includes(bytes[2] ?? 0);

/** What the first bytes show; null for what may be a model of the wanted format. */
export function sniff(bytes: Uint8Array, wanted: 'ONNX' | 'safetensors'): Stranger | null {
  const start = text(bytes, 0, 64);
  const trimmed = start.trimStart().toLowerCase();
  if (start.startsWith('version https://git-lfs'))
    return { rule: 'must be the model itself; fetch it with git lfs pull', what: 'a git-lfs pointer' };
  if (/^<(?:!doctype|html|\?xml|head)/.test(trimmed))
    return { rule: 'must be the model itself; download the raw file', what: 'a web page' };
  if (start.startsWith('PK\u0003\u0004') || start.startsWith('PK\u0005\u0006'))
    return {
      rule: `must be unpacked; a PyTorch checkpoint is saved anew with ${remedy[wanted]}`,
      what: 'a zip archive',
    };
  if (start.startsWith('\u001f\u008b')) return { rule: 'must be unpacked', what: 'a gzip archive' };
  if (start.startsWith('\u0089HDF'))
    return {
      rule: 'must be ONNX or safetensors; a Keras model is exported with tf2onnx',
      what: 'an HDF5 file',
    };
  if (start.slice(4, 8) === 'ORTM')
    return { rule: 'must be ONNX; keep the file it was made from', what: "onnxruntime's .ort format" };
  if (start.slice(4, 8) === 'TFL3')
    return { rule: 'must be ONNX; convert it with tf2onnx --tflite', what: 'a TensorFlow Lite file' };
  if (start.startsWith('GGUF'))
    return { rule: 'must be ONNX or safetensors; convert it from its source', what: 'a GGUF file' };
  if (start.slice(8, 10) === '{"')
    return wanted === 'ONNX'
      ? { rule: 'must be ONNX; rename it to .safetensors', what: 'a safetensors file' }
      : null;
  if (wanted === 'safetensors' && isOnnx(bytes))
    return { rule: 'must be safetensors; rename it to .onnx', what: 'an ONNX model' };
  if (/^[{[]\s*["{}\]]/.test(trimmed))
    return { rule: `must be ${wanted === 'ONNX' ? 'an ONNX model' : 'safetensors'}`, what: 'a JSON text' };
  if (start.startsWith('\u0080\u0002') || start.startsWith('\u0080\u0004'))
    return {
      rule: `must be ${wanted}; a PyTorch checkpoint is saved anew with ${remedy[wanted]}`,
      what: 'a pickle file',
    };
  return null;
}
