import type { Socket } from 'node:net';
import { Client } from 'undici';
import { openTransport, requestOf, sendGet } from '../../../support/transport';
import { startSocketUpstream } from '../../../support/socket-upstream';

/** A client under test: the response to one GET, as a text; `refused` where there is none. */
type HttpClient = (url: string) => Promise<string>;

const ours: HttpClient = async (url) => {
  const transport = openTransport(url, { timeoutMs: 1500, connections: { max: 1 } });
  try {
    const { status, body } = await sendGet(transport, requestOf('/'));
    return `${status} ${body.toString('latin1')}`;
  } catch {
    return 'refused';
  } finally {
    await transport.close();
  }
};

const undici: HttpClient = async (url) => {
  const client = new Client(url, { headersTimeout: 1500, bodyTimeout: 1500 });
  try {
    const { statusCode, body } = await client.request({ path: '/', method: 'GET' });
    return `${statusCode} ${Buffer.from(await body.arrayBuffer()).toString('latin1')}`;
  } catch {
    return 'refused';
  } finally {
    await client.destroy();
  }
};

/** What a client makes of these bytes, after which the server closes the connection. */
async function receive(client: HttpClient, bytes: string): Promise<string> {
  const upstream = await startSocketUpstream((socket: Socket) => socket.end(Buffer.from(bytes, 'latin1')));
  try {
    return await client(upstream.url);
  } finally {
    await upstream.close();
  }
}

const response = (...lines: string[]): string => lines.join('\r\n');
const OK = 'HTTP/1.1 200 OK';

/** The kinds of responses of llhttp's own tests (test/response), each in bytes of this project's. */
const AGREED: [string, string, string][] = [
  ['a length', response(OK, 'Content-Length: 3', '', 'abc'), '200 abc'],
  ['a length of zero', response(OK, 'Content-Length: 0', '', ''), '200 '],
  ['no length and no chunks: the body ends with the connection', response(OK, '', 'abc'), '200 abc'],
  ['an error status without a length', response('HTTP/1.1 404 Not Found', 'Connection: close', '', 'none'), '404 none'],
  ['no reason', response('HTTP/1.1 200', 'Content-Length: 1', '', 'x'), '200 x'],
  ['an empty reason', response('HTTP/1.1 200 ', 'Content-Length: 1', '', 'x'), '200 x'],
  ['a reason outside of ASCII', response('HTTP/1.1 500 Ori\xebntatie', 'Content-Length: 1', '', 'x'), '500 x'],
  ['chunks', response(OK, 'Transfer-Encoding: chunked', '', '3', 'abc', 'A', '0123456789', '0', '', ''), '200 abc0123456789'],
  ['chunks with an extension', response(OK, 'Transfer-Encoding: chunked', '', '3;a=b', 'abc', '0', '', ''), '200 abc'],
  ['chunks with trailers', response(OK, 'Transfer-Encoding: chunked', '', '1', 'x', '0', 'Vary: *', '', ''), '200 x'],
  ['a size with leading zeros', response(OK, 'Transfer-Encoding: chunked', '', '0001', 'x', '0', '', ''), '200 x'],
  ['204, which has no body', response('HTTP/1.1 204 No Content', '', ''), '204 '],
  ['103 before it', response('HTTP/1.1 103 Early Hints', 'Link: </a>', '', OK, 'Content-Length: 1', '', 'x'), '200 x'],
  ['an unknown status', response('HTTP/1.1 299 Odd', 'Content-Length: 1', '', 'x'), '299 x'],
  ['an empty line before it', `\r\n${response(OK, 'Content-Length: 1', '', 'x')}`, '200 x'],
  ['spaces around a value', response(OK, 'Content-Length:   1  ', '', 'x'), '200 x'],
  ['a header without a value', response(OK, 'X-Empty:', 'Content-Length: 1', '', 'x'), '200 x'],
  ['a value outside of ASCII', response(OK, 'X-A: \xe9', 'Content-Length: 1', '', 'x'), '200 x'],
  ['HTTP/1.0', response('HTTP/1.0 200 OK', 'Content-Length: 1', '', 'x'), '200 x'],
  ['HTTP/1.0 without a length', response('HTTP/1.0 200 OK', '', 'abc'), '200 abc'],
  ['less than its length', response(OK, 'Content-Length: 9', '', 'x'), 'refused'],
  ['no last chunk', response(OK, 'Transfer-Encoding: chunked', '', '1', 'x', ''), 'refused'],
  ['no status line', response('Content-Length: 1', '', 'x'), 'refused'],
  ['another protocol', response('HTTPER/1.1 200 OK', '', ''), 'refused'],
  ['a version that does not exist', response('HTTP/5.6 200 OK', '', ''), 'refused'],
  ['a space before the version', response('HTTP/ 1.1 200 OK', '', ''), 'refused'],
  ['a status with a letter', response('HTTP/1.1 2x0 OK', '', ''), 'refused'],
  ['a status of two digits', response('HTTP/1.1 20 OK', '', ''), 'refused'],
  ['a header without a colon', response(OK, 'X-A', '', ''), 'refused'],
  ['a space before a colon', response(OK, 'Content-Length : 1', '', 'x'), 'refused'],
  ['a space in a name', response(OK, 'X A: 1', '', ''), 'refused'],
  ['a folded header', response(OK, 'X-A: 1', ' 2', '', ''), 'refused'],
  ['a NUL in a value', response(OK, 'X-A: \0', '', ''), 'refused'],
  ['line feeds alone', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx', 'refused'],
  ['a length with a letter', response(OK, 'Content-Length: 1x', '', 'x'), 'refused'],
  ['a negative length', response(OK, 'Content-Length: -1', '', 'x'), 'refused'],
  ['a length beyond any number', response(OK, `Content-Length: ${'9'.repeat(40)}`, '', 'x'), 'refused'],
  ['two lengths', response(OK, 'Content-Length: 1', 'Content-Length: 2', '', 'xy'), 'refused'],
  ['a chunk size that is none', response(OK, 'Transfer-Encoding: chunked', '', 'z', 'x', '0', '', ''), 'refused'],
  ['a chunk longer than its size', response(OK, 'Transfer-Encoding: chunked', '', '1', 'xy', '0', '', ''), 'refused'],
  ['a length beside chunks', response(OK, 'Content-Length: 1', 'Transfer-Encoding: chunked', '', '1', 'x', '0', '', ''), 'refused'],
];

/** Where the two differ: what ours reads, what undici reads, and why. */
const EXPLAINED: [string, string, string, string][] = [
  // RFC 9110, section 15.2: a client must be able to take interim responses that it did not ask for. undici refuses this one.
  ['100 before it', response('HTTP/1.1 100 Continue', '', OK, 'Content-Length: 1', '', 'x'), '200 x', 'refused'],
  // RFC 9110, section 15.4.5: the length is that of the body which a 200 would have had. undici waits for it.
  ['304 with a length', response('HTTP/1.1 304 Not Modified', 'Content-Length: 9', '', ''), '304 ', 'refused'],
];

describe.each([
  ['the gateway’s client', ours],
  ['undici', undici],
])('%s', (_name, client) => {
  it.each(AGREED)('takes a response with %s', async (_what, bytes, expected) => {
    expect(await receive(client, bytes)).toBe(expected);
  });
});

describe('The two clients', () => {
  it.each(EXPLAINED)('differ, for a reason, in a response with %s', async (_what, bytes, oursReads, undiciReads) => {
    expect([await receive(ours, bytes), await receive(undici, bytes)]).toEqual([oursReads, undiciReads]);
  });
});
