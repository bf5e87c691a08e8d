import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a token endpoint is to answer. Without anything: 200 and an empty JSON object. */
export interface TokenScript {
  readonly status?: number;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cuts the connection without a byte. */
  readonly reset?: boolean;
  /** Says nothing. */
  readonly silent?: boolean;
  /** Sends text until the other side goes away. */
  readonly endless?: boolean;
  /** With `endless`: begins and then says nothing more. */
  readonly slow?: boolean;
}

/** A request as it came. */
export interface TokenRequestRecord {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
}

/** A token endpoint that does what it is told. */
export interface ScriptedTokenEndpoint {
  readonly url: string;
  readonly requests: readonly TokenRequestRecord[];
  setScript(script: TokenScript): void;
  close(): Promise<void>;
}

/** Starts a token endpoint that answers by a script, at any path. */
export async function startScriptedTokenEndpoint(): Promise<ScriptedTokenEndpoint> {
  let current: TokenScript = {};
  const requests: TokenRequestRecord[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        form: Object.fromEntries(new URLSearchParams(body)),
      });
      if (current.silent) return;
      if (current.reset) request.socket.resetAndDestroy();
      else if (current.endless) sendWithoutEnd(response, current.slow === true);
      else
        response
          .writeHead(current.status ?? 200, { 'content-type': current.type ?? 'application/json', ...current.headers })
          .end(typeof current.body === 'string' ? current.body : JSON.stringify(current.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setScript: (script) => {
      current = script;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendWithoutEnd(response: ServerResponse, slow: boolean): void {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const more = (): void => {
    if (!response.destroyed) response.write('x'.repeat(16_384), more);
  };
  if (slow) response.write('x');
  else more();
}
