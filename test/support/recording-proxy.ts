import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A GraphQL request that passed through. */
export interface PassedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Stands between a router and a subgraph, and keeps what the router asks. */
export interface RecordingProxy {
  readonly url: string;
  readonly requests: readonly PassedRequest[];
  close(): Promise<void>;
}

/** Starts a proxy for GraphQL requests by POST; the answers come back as they are. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const requests: PassedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
      requests.push({ headers: incoming.headers, query, variables: variables ?? {} });
      void pass(target, incoming.headers, body).then(
        ({ status, headers, text }) => outgoing.writeHead(status, headers).end(text),
        () => outgoing.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

// What belongs to one connection (RFC 9110, section 7.6.1), and what fetch writes itself.
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'content-length', 'accept-encoding', 'expect']);

async function pass(
  target: string,
  headers: IncomingHttpHeaders,
  body: string,
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  const kept = Object.entries(headers).filter((entry): entry is [string, string] => !HOP.has(entry[0]) && typeof entry[1] === 'string');
  const response = await fetch(target, { method: 'POST', headers: Object.fromEntries(kept), body });
  const text = await response.text();
  return {
    status: response.status,
    headers: {
      'content-type': response.headers.get('content-type') ?? 'application/json',
      'cache-control': response.headers.get('cache-control') ?? '',
    },
    text,
  };
}
