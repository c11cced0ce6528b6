/** The text of src/engines/wasm/module.ts. */
export function buildWasm(): Promise<string>;
