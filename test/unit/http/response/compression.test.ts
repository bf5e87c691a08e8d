import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';
import { compress, negotiateCoding, PieceCompressor, type Coding } from '../../../../src/http/response/compression';

const CODINGS = ['br', 'gzip'] as const;
const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync };
/** What a client has decoded of a body whose end has not come. */
const decodeSoFar = (body: Buffer, coding: Coding): string =>
  coding === 'gzip'
    ? gunzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
    : brotliDecompressSync(body, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString();

describe('The coding of a response', () => {
  it.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['', null],
    ['deflate', null],
    ['identity', null],
    ['identity, gzip;q=0.5', null],
    ['gzip;q=0', null],
    ['identity;q=0', null],
  ])('is what the client prefers, br where it likes both equally: %s', (header, coding) => {
    expect(negotiateCoding(header)).toBe(coding);
  });

  it('is none where the header is longer than 1,000 characters', () => {
    expect(negotiateCoding('gzip'.padEnd(1000))).toBe('gzip');
    expect(negotiateCoding('gzip'.padEnd(1001))).toBeNull();
  });
});

describe.each(CODINGS)('A body that is compressed as %s', (coding) => {
  it('is the same when it is decoded, and a text has one byte for each character', async () => {
    const text = 'caf\u00e9 '.repeat(1000);
    const bytes = Buffer.from(text, 'latin1');
    for (const body of [text, bytes]) {
      const compressed = await compress(body, coding);
      expect(compressed.length).toBeLessThan(200);
      expect(DECODERS[coding](compressed).equals(bytes)).toBe(true);
    }
  });

  it('can be read as far as it was written, piece by piece', async () => {
    const compressor = new PieceCompressor(coding);
    const pieces = ['first '.repeat(100), 'second', 'x'.repeat(100_000)];
    const sent: Buffer[] = [];
    for (const [index, piece] of pieces.entries()) {
      sent.push(await compressor.compress(piece));
      expect(decodeSoFar(Buffer.concat(sent), coding)).toBe(pieces.slice(0, index + 1).join(''));
    }
    sent.push(await compressor.end());
    compressor.close();
    const body = Buffer.concat(sent);
    expect(body.length).toBeLessThan(1000);
    expect(DECODERS[coding](body).toString()).toBe(pieces.join(''));
  });
});

describe('The level at which a body is compressed', () => {
  const body = Buffer.from(Array.from({ length: 500 }, (_, index) => `{"number":"${index * 7919}"}`).join());

  it('is the one that takes the least time', async () => {
    expect((await compress(body, 'gzip')).equals(gzipSync(body, { level: constants.Z_BEST_SPEED }))).toBe(true);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
    expect((await compress(body, 'br')).equals(brotliCompressSync(body, { params }))).toBe(true);
    const compressor = new PieceCompressor('gzip');
    // RFC 1952, section 2.3.1: XFL is 4 where the fastest algorithm was used.
    expect((await compressor.compress('piece'))[8]).toBe(4);
    compressor.close();
  });
});
