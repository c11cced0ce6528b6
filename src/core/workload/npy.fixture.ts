/** Test-only: .npy files as NumPy writes them. */
export function npy(
  descr: string,
  shape: string,
  data: ArrayBufferView,
  order = 'False',
  version = 1,
): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }\n`;
  const start = version === 1 ? 10 : 12;
  const file = new Uint8Array(start + header.length + data.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  new DataView(file.buffer).setUint16(8, header.length, true);
  file.set(
    Uint8Array.from(header, (character) => character.charCodeAt(0)),
    start,
  );
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + header.length);
  return file;
}
