import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { decodeBody, isDecodable } from '../../../../src/http/pipeline/decode-body';
import type { BodyFault } from '../../../../src/http/request/exchange';

const TEXT = Buffer.from(JSON.stringify({ query: '{ a }'.repeat(1000) }));
const decode = (body: Buffer, coding: string, maxBytes = TEXT.length): Promise<Buffer | BodyFault> =>
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
    expect(await decode(encode(TEXT), coding)).toEqual(TEXT);
    expect(await decode(encode(TEXT), coding, TEXT.length - 1)).toBe('too-large');
  });

  it.each(['', 'identity', 'gzip, br', 'zstd'])('is not decoded where its coding is %j', (coding) => {
    expect(isDecodable(coding)).toBe(false);
  });

  it.each([
    ['gzip', TEXT],
    ['br', TEXT],
    ['deflate', Buffer.alloc(0)],
    ['gzip', gzipSync(TEXT).subarray(0, -9)],
  ])('is not decoded where it is not of its coding: %s', async (coding, body) => {
    expect(await decode(body, coding)).toBe('undecodable');
  });
});
