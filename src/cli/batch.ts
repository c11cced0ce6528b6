/**
 * JSON Lines: one request a line, answered in order, one line each. Options have their camel-case names; files may be
 * given inline. A line that is no request, or a request that fails, is answered and the batch goes on.
 */
import { InputError } from '../core/base/checks.ts';
import type { Surroundings } from './command.ts';
import { commandNamed, failureOf, runCommand } from './run.ts';

interface Request {
  readonly id: unknown;
  readonly command: unknown;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Answers every line; empty lines are passed over. */
export async function* answerLines(
  lines: AsyncIterable<string>,
  surroundings: Surroundings,
): AsyncGenerator<string> {
  for await (const line of lines) {
    if (line.trim() !== '') yield await answerLine(line, surroundings);
  }
}

async function answerLine(line: string, surroundings: Surroundings): Promise<string> {
  let request: Request;
  try {
    request = readRequest(line);
  } catch (error) {
    return JSON.stringify({ id: null, ok: false, error: failureOf(error, 'batch').message });
  }
  const { id } = request;
  const subject = typeof request.command === 'string' ? request.command : 'batch';
  try {
    if (typeof request.command !== 'string') {
      throw new InputError('batch', 'a request must name its command', request.command);
    }
    const command = commandNamed(request.command);
    const { result } = await runCommand(command, request.options, surroundings);
    return JSON.stringify({ id, ok: true, result });
  } catch (error) {
    return JSON.stringify({ id, ok: false, error: failureOf(error, subject).message });
  }
}

function readRequest(line: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InputError('batch', 'a line must be one JSON object', line);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError('batch', 'a line must be one JSON object', value);
  }
  const { id = null, command, ...options } = value as Record<string, unknown>;
  return { id, command, options };
}

/** Splits a stream of text into lines. */
export async function* linesOf(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
