import { createServer, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it came. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they were sent: what is there twice shows. */
  readonly rawHeaders: readonly string[];
  /** When it came, in milliseconds since the epoch. */
  readonly receivedAtMs: number;
  /** True once the other side went away before it had the whole answer. */
  readonly abandoned: boolean;
}

/** What to do with one request. Without anything: 200 and an empty JSON object. */
export interface ScriptedAnswer {
  /** Default 200. */
  readonly status?: number;
  /** `content-type: application/json` and the `content-length` are added where they are not given. */
  readonly headers?: OutgoingHttpHeaders;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
  /** Before the first byte, in milliseconds. */
  readonly delayMs?: number;
  /** Between the headers and the body, in milliseconds. */
  readonly bodyDelayMs?: number;
  /** Goes silent, with the connection open: before the first byte, after the headers, or halfway through the body. */
  readonly hang?: 'before-headers' | 'after-headers' | 'in-body';
  /** Promises the whole body, sends this many bytes of it, and cuts the connection. */
  readonly truncateAtBytes?: number;
  /** Cuts the connection without a byte. */
  readonly reset?: boolean;
  /** Sent as they are instead of an HTTP answer; then the connection is closed. */
  readonly rawBytes?: string;
}

/** Says what to do with the request; `index` counts the requests from 0. A promise holds the answer back. */
export type Script = (request: RecordedRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** An HTTP server that does what it is told. */
export interface ScriptedUpstream {
  /** Without a slash at its end; what `BILLING_API_URL` takes. */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in order. */
  readonly requests: readonly RecordedRequest[];
  /** Connections that were opened so far. */
  connectionCount(): number;
  /** Changes the script for the requests to come. */
  setScript(script: Script): void;
  /** Resolves when this many requests have come. */
  waitForRequests(count: number): Promise<void>;
  /** Cuts what is open and ends. */
  close(): Promise<void>;
}

/** Starts a server that answers by a script, on any free port or on the one given. */
export async function startScriptedUpstream(script: Script = () => ({}), onPort = 0): Promise<ScriptedUpstream> {
  let current = script;
  let connections = 0;
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  const waiting: { count: number; resolve: () => void }[] = [];

  const server = createServer((message, response) => {
    const request = {
      method: message.method ?? '',
      url: message.url ?? '',
      headers: message.headers,
      rawHeaders: message.rawHeaders,
      receivedAtMs: Date.now(),
      abandoned: false,
    };
    const index = requests.push(request) - 1;
    response.on('close', () => {
      request.abandoned = !response.writableFinished;
    });
    for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
    void answer(message, response, async () => current(request, index));
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(onPort, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connectionCount: () => connections,
    setScript: (next) => {
      current = next;
    },
    waitForRequests: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function answer(message: IncomingMessage, response: ServerResponse, script: () => Promise<ScriptedAnswer>): Promise<void> {
  let scripted: ScriptedAnswer;
  try {
    scripted = await script();
  } catch (error) {
    // A mistake in a test's own script must be seen as such, and not as a connection that was lost.
    scripted = { status: 599, headers: { 'content-type': 'text/plain' }, body: `The script failed: ${String(error)}` };
  }
  await pause(scripted.delayMs);
  if (scripted.hang === 'before-headers') return;
  if (scripted.reset === true) {
    message.socket.resetAndDestroy();
    return;
  }
  if (scripted.rawBytes !== undefined) {
    message.socket.end(scripted.rawBytes);
    return;
  }
  const body = toBytes(scripted.body ?? {});
  // A GET's answer without a body (204, 304) must not announce one.
  const status = scripted.status ?? 200;
  const length =
    status === 204 || status === 304 || scripted.headers?.['transfer-encoding'] !== undefined ? {} : { 'content-length': body.length };
  response.writeHead(status, { 'content-type': 'application/json', ...length, ...scripted.headers });
  if (scripted.bodyDelayMs !== undefined || scripted.hang !== undefined || scripted.truncateAtBytes !== undefined) response.flushHeaders();
  await pause(scripted.bodyDelayMs);
  if (scripted.hang === 'after-headers') return;
  const cut = scripted.truncateAtBytes ?? (scripted.hang === 'in-body' ? Math.floor(body.length / 2) : undefined);
  if (cut === undefined) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, cut), () => {
    if (scripted.hang === undefined) message.socket.end();
  });
}

function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

async function pause(ms: number | undefined): Promise<void> {
  if (ms !== undefined && ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
