import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import type { BodyFault } from '../request/exchange';

type Decoder = (body: Buffer, options: ZlibOptions, done: (error: Error | null, decoded: Buffer) => void) => void;

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  // Some clients send the raw format, which RFC 9110, section 8.4.1.2, warns of. The zlib format begins with its method, 8.
  ['deflate', (body, options, done) => (((body[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(body, options, done)],
  ['br', brotliDecompress],
]);
/** Each decoded chunk takes a turn of the event loop: with zlib's default of 16 KiB, 256 KiB take 16 turns. */
const CHUNK_BYTES = 64 * 1024;

/** Whether there is a decoder for the value of `Content-Encoding`: one coding at most. */
export function isDecodable(contentEncoding: string): boolean {
  return DECODERS.has(contentEncoding.toLowerCase());
}

/**
 * Decodes a body, in a thread of its own. It is given up as soon as the decoded body is larger than `maxBytes`: a small one would become
 * huge otherwise.
 */
export function decodeBody(
  body: Buffer,
  contentEncoding: string,
  limits: { readonly maxBytes: number; readonly done: (decoded: Buffer | BodyFault) => void },
): void {
  const decode = DECODERS.get(contentEncoding.toLowerCase()) as Decoder;
  decode(body, { maxOutputLength: limits.maxBytes, chunkSize: CHUNK_BYTES }, (error, decoded) => {
    if (!error) limits.done(decoded);
    else limits.done((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'undecodable');
  });
}
