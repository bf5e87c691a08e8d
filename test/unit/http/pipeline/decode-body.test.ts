import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { decodeBody, isDecodable } from '../../../../src/http/pipeline/decode-body';

const TEXT = Buffer.from(JSON.stringify({ query: '{ a }'.repeat(1000) }));
const decode = (body: Buffer, coding: string, maxBytes = TEXT.length): Promise<Buffer | null> =>
  new Promise((done) => decodeBody(body, coding, { maxBytes, done }));

describe('A compressed request body', () => {
  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ])('is decoded: %s', async (coding, encode) => {
    expect(isDecodable(coding)).toBe(true);
    expect((await decode(encode(TEXT), coding))?.equals(TEXT)).toBe(true);
    expect(await decode(encode(TEXT), coding, TEXT.length - 1)).toBeNull();
  });

  it.each(['', 'identity', 'gzip, br', 'zstd'])('is not decoded where its coding is %j', (coding) => {
    expect(isDecodable(coding)).toBe(false);
  });

  it.each([
    ['gzip', TEXT],
    ['br', TEXT],
    ['deflate', Buffer.alloc(0)],
    ['gzip', gzipSync(TEXT).subarray(0, -9)],
  ])('becomes what is no JSON where it is not of its coding: %s', async (coding, body) => {
    const decoded = await decode(body, coding);
    expect(() => JSON.parse(String(decoded)) as unknown).toThrow(SyntaxError);
  });
});
