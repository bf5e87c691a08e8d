import { createGunzip } from 'node:zlib';
import type { BillingError } from '../../billing/model/billing-error';
import { invalidResponse } from '../errors/failures';
import { BodyBuffer } from './body-buffer';
import { blocksOf, bodyBytesOf, LargeAnswer, type HttpAnswer } from './http-response';
import { mostBodyBytes } from './response-parser';

/** What is done with compressed bodies. */
export interface ContentCodingOptions {
  readonly compression: 'none' | 'gzip';
  /** Largest body after decompression, in bytes. */
  readonly maxBodyBytes: number;
}

/** Asks whether so many bytes of a body, which has `mostBytes` at most, may be held. Returns why not. */
type Holds = (bytes: number, mostBytes: number) => BillingError | null;

/**
 * How many times its compressed size a body may have: JSON with a thousand alike invoices has some 40, and what is made
 * to exhaust memory up to 1,000.
 */
const MAX_RATIO = 100;
/** Up to this size a body may have any ratio. */
const ANY_RATIO_BYTES = 1024 * 1024;
/** What servers write into `Content-Encoding` where they mean that there is none (RFC 9110, section 8.4.1 has no `none`). */
const NO_CODINGS: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'utf8', 'binary']);
/** Codings that are named in the log; another name may hold anything. */
const KNOWN_CODINGS: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'compress', 'x-compress']);

/** Whether the response's body is encoded, and so goes through `decodeContent`. */
export function isEncoded(answer: HttpAnswer): boolean {
  const coding = answer.headers['content-encoding'];
  return coding !== undefined && bodyBytesOf(answer) > 0 && !NO_CODINGS.has(coding.toLowerCase());
}

/**
 * The response with its body decompressed, where that was asked for; nothing else is guessed at. Each piece is asked room for before
 * the next one is made. Rejects with BillingError: `invalid-response`, or what `holds` returns.
 */
export async function decodeContent(response: HttpAnswer, options: ContentCodingOptions, holds: Holds): Promise<HttpAnswer> {
  const { 'content-encoding': header = '', ...headers } = response.headers;
  const coding = header.toLowerCase();
  if (options.compression === 'none' || (coding !== 'gzip' && coding !== 'x-gzip'))
    throw invalidResponse(`the body is encoded with ${KNOWN_CODINGS.has(coding) ? coding : 'an unknown coding'}`);
  const maxBytes = mostBodyBytes(response.status, options.maxBodyBytes);
  const mostBytes = Math.min(maxBytes, Math.max(ANY_RATIO_BYTES, bodyBytesOf(response) * MAX_RATIO));
  const body = new BodyBuffer();
  await decompress(blocksOf(response), (piece) => {
    body.add(piece);
    if (body.length <= mostBytes) return holds(body.length, mostBytes);
    return invalidResponse(
      `the body is larger than ${mostBytes === maxBytes ? `${maxBytes} bytes` : `${MAX_RATIO} times its compressed size`}`,
    );
  });
  return body.hasSeveralBlocks ? new LargeAnswer({ ...response, headers }, body.takeBlocks()) : { ...response, headers, body: body.take() };
}

/** Passes the decompressed bytes on, until one piece is refused, with which it rejects. */
function decompress(coded: readonly Buffer[], take: (piece: Buffer) => BillingError | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = createGunzip();
    stream.on('data', (piece: Buffer) => {
      const refusal = stream.destroyed ? null : take(piece);
      if (!refusal) return;
      stream.destroy();
      reject(refusal);
    });
    stream.on('end', resolve);
    stream.on('error', () => reject(invalidResponse('the body is not valid gzip')));
    for (const block of coded) stream.write(block);
    stream.end();
  });
}
