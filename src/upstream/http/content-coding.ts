import { gunzip } from 'node:zlib';
import { invalidResponse } from '../errors/failures';
import type { HttpAnswer } from './http-response';

/** What is done with compressed bodies. */
export interface ContentCodingOptions {
  readonly compression: 'none' | 'gzip';
  /** Largest body after decompression, in bytes. */
  readonly maxBodyBytes: number;
}

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
export function isEncoded({ headers, body }: HttpAnswer): boolean {
  const coding = headers['content-encoding'];
  return coding !== undefined && body.length > 0 && !NO_CODINGS.has(coding.toLowerCase());
}

/**
 * The response with its body decompressed, where that was asked for; nothing else is guessed at. Rejects with
 * BillingError `invalid-response`.
 */
export function decodeContent(response: HttpAnswer, { compression, maxBodyBytes }: ContentCodingOptions): Promise<HttpAnswer> {
  const { 'content-encoding': header = '', ...headers } = response.headers;
  const coding = header.toLowerCase();
  if (compression === 'none' || (coding !== 'gzip' && coding !== 'x-gzip'))
    return Promise.reject(invalidResponse(`the body is encoded with ${KNOWN_CODINGS.has(coding) ? coding : 'an unknown coding'}`));
  const maxOutputLength = Math.min(maxBodyBytes, Math.max(ANY_RATIO_BYTES, response.body.length * MAX_RATIO));
  return new Promise((resolve, reject) => {
    gunzip(response.body, { maxOutputLength }, (error, body) => {
      if (!error) resolve({ ...response, headers, body });
      else if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') reject(invalidResponse('the body is not valid gzip'));
      else if (maxOutputLength === maxBodyBytes) reject(invalidResponse(`the body is larger than ${maxBodyBytes} bytes`));
      else reject(invalidResponse(`the body is larger than ${MAX_RATIO} times its compressed size`));
    });
  });
}
