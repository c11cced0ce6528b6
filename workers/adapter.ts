/** Which graphics card WebGPU would give, without taking it. */
export interface Adapter {
  readonly name: string;
  /** A program that poses as a card. */
  readonly software: boolean;
}

/** What is asked of WebGPU (W3C, 2024); not every browser has all of it. */
interface Gpu {
  readonly requestAdapter: () => Promise<{
    readonly info: {
      readonly vendor: string;
      readonly architecture: string;
      readonly description: string;
      readonly isFallbackAdapter?: boolean;
    };
  } | null>;
}

const patienceMs = 5000;

/** Null where there is none; one that does not answer is none. */
export async function findAdapter(): Promise<Adapter | null> {
  const { gpu } = navigator as { readonly gpu?: Gpu };
  if (gpu === undefined) return null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, patienceMs, null);
  });
  try {
    const adapter = await Promise.race([gpu.requestAdapter(), late]);
    if (adapter === null) return null;
    const { vendor, architecture, description, isFallbackAdapter = false } = adapter.info;
    const words = [vendor, architecture].filter((word) => word !== '').join(' ');
    const name = words === '' ? description : words;
    return { name: name === '' ? 'unnamed' : name, software: isFallbackAdapter };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
