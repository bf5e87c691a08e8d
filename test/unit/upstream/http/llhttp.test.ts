import { get } from 'node:http';
import type { Socket } from 'node:net';
import { AnswerParser } from '../../../../src/upstream/http/response-parser';
import { startSocketUpstream } from '../../../support/socket-upstream';
import { openTransport, requestOf, sendGet } from '../../../support/transport';
import { responses } from '../../../support/llhttp-responses.json';

/** The inputs of llhttp's own tests of responses, by name. */
const CASES = Object.entries(responses).map(([name, lines]): [string, Buffer] => [name, Buffer.from(lines.join('\r\n'), 'latin1')]);

/** Where Node reads something else, or may: what it reads, what this client reads, and why. */
const EXPLAINED = new Map<string, { readonly node: string; readonly ours: string; readonly why: string }>([
  [
    'connection: HTTP/1.1 with keep-alive disabled and 204 status',
    { node: 'refused', ours: '204 ', why: 'The response is whole. What follows ends the connection, and is reported as stray bytes.' },
  ],
  ['connection: HTTP/1.1 with keep-alive disabled, content-length (lenient)', { node: 'refused', ours: '200 2ad73', why: 'The same.' }],
  [
    'invalid: Bare CR followed by CR after response line',
    {
      node: '200 Evil',
      ours: 'refused',
      why: 'RFC 9112, section 2.2: a bare CR ends no line. Later versions of llhttp refuse it as well.',
    },
  ],
  ['sample: RTSP response', { node: '200 ', ours: 'refused', why: 'Not HTTP.' }],
  ['sample: ICE response', { node: '200 ', ours: 'refused', why: 'Not HTTP.' }],
  ['sample: HTTP version 0.9', { node: '200 ', ours: 'refused', why: 'HTTP/0.9 has no status line: nothing that is right begins so.' }],
  [
    'transfer-encoding: `chunked` before other transfer-encoding',
    {
      node: '200 World',
      ours: 'refused',
      why: 'Nobody has asked for a coding besides chunks (RFC 9112, section 6.1), and nobody would undo it.',
    },
  ],
  [
    'transfer-encoding: multiple transfer-encoding where chunked is not the last one',
    { node: '200 World', ours: 'refused', why: 'The same; and `identity` is no coding any more (RFC 9112, appendix C.3).' },
  ],
  [
    'transfer-encoding: Trailing space on chunked body',
    {
      node: 'refused',
      ours: '200 This is the data in the first chunk\r\nand this is the second one\r\n',
      why: 'Old servers pad the size of a chunk; it has one meaning alone. llhttp reads it so where it is lenient.',
    },
  ],
  [
    'transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding',
    { node: '200 2\r\nOK\r\n0\r\n\r\n', ours: 'refused', why: 'The same; and the framing of chunks is not a body.' },
  ],
]);

/** What this project's client makes of a response: status and body. */
async function readByUs(url: string): Promise<string> {
  const transport = openTransport(url, { connections: { max: 1 } });
  try {
    const { status, body } = await sendGet(transport, requestOf('/'));
    return `${status} ${body.toString('latin1')}`;
  } catch {
    return 'refused';
  } finally {
    await transport.close();
  }
}

/** What Node's own client makes of it. */
function readByNode(url: string): Promise<string> {
  return new Promise((resolve) => {
    const refuse = (): void => resolve('refused');
    get(url, { agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', refuse);
      response.on('end', () => resolve(`${response.statusCode} ${Buffer.concat(pieces).toString('latin1')}`));
    })
      .on('error', refuse)
      // A switch of protocols closes the connection without an error.
      .on('close', refuse);
  });
}

/** What a client makes of these bytes, after which the server closes the connection. */
async function receive(client: (url: string) => Promise<string>, bytes: Buffer): Promise<string> {
  const upstream = await startSocketUpstream((socket: Socket) => socket.end(bytes));
  try {
    return await client(upstream.url);
  } finally {
    await upstream.close();
  }
}

/** What the parser makes of them where each comes alone. */
function readBytewise(bytes: Buffer): string {
  const parser = new AnswerParser(1_000_000);
  try {
    let isWhole = false;
    for (let at = 0; at < bytes.length && !isWhole; at++) isWhole = parser.push(bytes.subarray(at, at + 1));
    if (!isWhole && !parser.endsWithConnection) return 'refused';
  } catch {
    return 'refused';
  }
  const { status, body } = parser.take(0);
  return `${status} ${body.toString('latin1')}`;
}

describe("llhttp's own responses", () => {
  it.each(CASES)('are read as Node reads them, or otherwise for a reason, in one piece and byte by byte: %s', async (name, bytes) => {
    const [ours, node] = [await receive(readByUs, bytes), await receive(readByNode, bytes)];
    const explained = EXPLAINED.get(name);
    expect([ours, readBytewise(bytes)]).toEqual(Array(2).fill(explained?.ours ?? node));
    // Another version of Node may read it as this client does.
    if (explained) expect([explained.node, explained.ours]).toContain(node);
  });

  it('are all there, some of them whole, and each explanation is of one', () => {
    expect(CASES.length).toBe(69);
    expect(CASES.filter(([, bytes]) => readBytewise(bytes) !== 'refused').length).toBeGreaterThan(30);
    const names = CASES.map(([name]) => name);
    expect([...EXPLAINED.keys()].filter((name) => !names.includes(name))).toEqual([]);
  });
});
