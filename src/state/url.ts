/**
 * Config <-> link: `#v1.` and base64url of a checksum (CRC-32 of the packed bytes) and the packed bytes, deflated.
 * Total, versioned and canonical: any text gives a config and the names of what was wrong; equal configs give equal
 * links. A damaged link still gives every part that can be read.
 */
import { deflateSync, Inflate } from 'fflate';
import { crc32, createReader, createWriter, fromBase64Url, toBase64Url } from './bytes.ts';
import { restoreConfig, type Restored } from './draft.ts';
import { initialConfig } from './defaults.ts';
import { packConfig, unpackConfig } from './link-schema.ts';
import type { Config } from './config.ts';

/** Longest link that is read, in characters. */
const maxText = 65_536;
/** Most bytes that a link may inflate to. */
const maxInflated = 1_048_576;
/** Short, so that what stands before the damage is not lost with it. */
const inflateStep = 16;
/** Deflate's ratio is at most 1,032: no step can overshoot the cap by more than half a megabyte. */
const inflateLongStep = 512;
/** From here on a link is long. */
const longBytes = 4096;

/** `#v1....` */
export function encodeLink(config: Config): string {
  const packed = packConfig(config);
  const writer = createWriter();
  const sum = crc32(packed);
  for (const shift of [24, 16, 8, 0]) writer.byte(sum >>> shift);
  for (const byte of deflateSync(packed, { level: 9 })) writer.byte(byte);
  return `#v1.${toBase64Url(writer.done())}`;
}

/**
 * Reads a link, or an address that ends in one. No link at all (empty text, `#`) is the opening config without a
 * problem. Never throws.
 */
export function decodeLink(text: string): Restored {
  if (text.length > maxText)
    return opening(
      `is longer than ${maxText.toLocaleString('en-US')} characters (${text.length.toLocaleString('en-US')})`,
    );
  const compact = text.replaceAll(/\s/g, '').replace('%23v', '#v');
  if (compact === '' || compact === '#') return { config: initialConfig(), problems: [] };
  const match = /(?:^|#)v(\d+)\.([^#]*)$/.exec(compact);
  if (match === null) return opening('must contain #v1. followed by the design');
  const [, version = '', body = ''] = match;
  if (version !== '1')
    return opening(
      `is of version ${version.slice(0, 8)}; this page reads version 1. Open it in a newer page`,
    );
  return decodeBody(body);
}

function opening(problem: string): Restored {
  return { config: initialConfig(), problems: [`link: ${problem}; the opening design was loaded instead`] };
}

function decodeBody(body: string): Restored {
  const { bytes, used } = fromBase64Url(body);
  const { packed, problem } = inflate(bytes.subarray(4));
  if (packed.length === 0) return opening(problem ?? 'is empty');
  const unpacked = unpackConfig(packed);
  const restored = restoreConfig(unpacked.draft, 'link');
  const whole = bytes.length > 4 && createSum(bytes) === crc32(packed);
  const damage =
    whole && problem === null
      ? []
      : [
          used < body.length
            ? `has the character ${JSON.stringify(body.charAt(used))} at place ${used + 1}, which no link has; ` +
              'what stands before it was read'
            : problem === null
              ? 'does not match its checksum, so part of it was cut or changed; check what was read'
              : `${problem}; what could be read was loaded`,
        ];
  return {
    config: restored.config,
    problems: [...[...damage, ...unpacked.problems].map((each) => `link: ${each}`), ...restored.problems],
  };
}

function createSum(bytes: Uint8Array): number {
  const reader = createReader(bytes);
  return [0, 1, 2, 3].reduce((sum) => sum * 256 + reader.byte(), 0);
}

/** What can be inflated, and why not the rest. */
function inflate(bytes: Uint8Array): { readonly packed: Uint8Array; readonly problem: string | null } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream = new Inflate((chunk) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  let problem: string | null = null;
  try {
    const step = bytes.length > longBytes ? inflateLongStep : inflateStep;
    for (let at = 0; at < bytes.length; at += step) {
      stream.push(bytes.subarray(at, at + step));
      if (length > maxInflated)
        return {
          packed: new Uint8Array(),
          problem: 'inflates to more than a megabyte, which no design needs',
        };
    }
    // Only now final: a cut stream has then given what it holds before it is refused.
    stream.push(new Uint8Array(), true);
  } catch (error) {
    // fflate throws its own codes for broken streams, and a bare TypeError or RangeError for some of them.
    if (!(error instanceof Error)) throw error;
    problem = 'was cut or changed on its way';
  }
  const packed = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    packed.set(chunk, at);
    at += chunk.length;
  }
  return { packed, problem };
}
