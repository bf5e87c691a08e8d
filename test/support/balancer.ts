import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { toAskedBills, toBillsBody } from './bills-body';
import { startGateway, type Gateway, type GraphqlAnswer } from './gateway';

/** How a response is written: all that a load balancer may change about it. */
export interface ResponseForm {
  readonly statusLine?: string;
  readonly headers?: readonly string[];
}

/** A request that came over a connection. */
export interface BalancedRequest {
  readonly socket: Socket;
  /** Of the request on its connection, from 1. */
  readonly number: number;
  /** Of the request among all, from 0. */
  readonly index: number;
  /** Answers with the bills that were asked for; does nothing on a connection that the script has ended. */
  readonly respond: (form?: ResponseForm) => void;
}

/** What a load balancer does with its connections. */
export interface BalancerScript {
  readonly onRequest: (request: BalancedRequest) => unknown;
  readonly onConnection?: (socket: Socket, server: Server) => unknown;
  /** TLS, with these settings. */
  readonly tls?: TlsOptions;
  /** Keeps a connection whose other side has ended it, until the script ends it. */
  readonly allowHalfOpen?: boolean;
}

/** A load balancer in front of a billing API, written at the level of sockets. */
export interface Balancer {
  readonly port: number;
  readonly connections: ReadonlySet<Socket>;
  /** Connections so far. */
  connectionCount(): number;
  /** Stops to listen, so that connections are refused. Those that are open stay. */
  readonly refuse: () => void;
  /** Listens again, on the same port. */
  readonly listen: () => Promise<void>;
  close(): Promise<void>;
}

/** Starts a load balancer that acts by the script, on a free port or on this one. */
export async function startBalancer(script: BalancerScript, { host = '127.0.0.1', port = 0 } = {}): Promise<Balancer> {
  const connections = new Set<Socket>();
  let [connectionCount, requestCount] = [0, 0];
  const accept = (socket: Socket): void => {
    connections.add(socket);
    connectionCount++;
    socket.on('error', () => undefined);
    socket.on('close', () => connections.delete(socket));
    script.onConnection?.(socket, server);
    let [head, number] = ['', 0];
    socket.on('data', (piece: Buffer) => {
      head += piece.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const path = head.split(' ')[1] ?? '';
      head = '';
      const respond = (form?: ResponseForm): void => {
        if (socket.writable) socket.write(toResponse(path, form));
      };
      script.onRequest({ socket, number: ++number, index: requestCount++, respond });
    });
  };
  const { tls, allowHalfOpen = false } = script;
  const create = (): Server =>
    tls ? createTlsServer(tls, (socket: TLSSocket) => accept(socket)) : createServer({ allowHalfOpen }, accept);
  let server = create();
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) =>
      server
        .once('error', reject)
        .on('tlsClientError', () => undefined)
        .listen(at, host, resolve),
    );
  await listen(port);
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    connections,
    connectionCount: () => connectionCount,
    refuse: () => server.close(),
    listen: () => {
      server = create();
      return listen(bound);
    },
    close: async () => {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toResponse(path: string, { statusLine = 'HTTP/1.1 200 OK', headers = [] }: ResponseForm = {}): string {
  const body = JSON.stringify(toBillsBody(toAskedBills(path)));
  return [statusLine, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

/** Ends connections when they have been idle for so long, at once and without a goodbye, as a load balancer's timer does. */
export class IdleTimer {
  readonly #idleMs: number;
  readonly #end: (socket: Socket) => unknown;
  readonly #timers = new WeakMap<Socket, NodeJS.Timeout>();

  constructor(idleMs: number, end: (socket: Socket) => unknown = (socket) => socket.destroy()) {
    this.#idleMs = idleMs;
    this.#end = end;
  }

  /** Starts the time anew, as each response does. */
  start(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
    this.#timers.set(socket, setTimeout(() => this.#end(socket), this.#idleMs).unref());
  }
}

const QUERY = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';

/** How operations are sent. */
export interface LoadOptions {
  readonly url: string;
  readonly operations: number;
  /** Clients that send one operation after the other. */
  readonly clients: number;
  /** How long a client waits before its next operation. */
  readonly pauseMs?: () => number;
  /** Called when an operation has been answered, with how many have been, and waited for by its client. */
  readonly onAnswer?: (count: number, gateway: Gateway) => unknown;
  readonly settings?: Readonly<Record<string, string>>;
}

/** What came of operations. */
export interface LoadResult {
  readonly answers: readonly GraphqlAnswer[];
  /** The bodies of answers with an error or without the contract that was asked for. */
  readonly failed: readonly string[];
  /** The reasons of failed attempts and unusable responses, in the log. */
  readonly reasons: readonly string[];
  /** The reasons for which DNS did not resolve the name, in the log. */
  readonly unresolved: readonly string[];
  /** Requests that were sent again because their connection was closed. */
  readonly resends: number;
}

/** Sends operations through a gateway of its own, whose billing API is at the URL. */
export async function sendLoad({ url, operations, clients, pauseMs, onAnswer, settings }: LoadOptions): Promise<LoadResult> {
  const gateway = await startGateway({
    BILLING_API_URL: url,
    BILLING_API_TIMEOUT_MS: '60000',
    REQUEST_DEADLINE_MS: '60000',
    LOG_LEVEL: 'debug',
    ...settings,
  });
  const answers: GraphqlAnswer[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < operations) {
      const number = String(++sent);
      if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs()));
      answers.push(await gateway.query(QUERY, { number }));
      await onAnswer?.(answers.length, gateway);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    const lines = gateway.logLines.map((line) => JSON.parse(line) as { msg: string; reason?: string });
    const reasonsOf = (isMeant: (msg: string) => boolean): string[] =>
      lines.flatMap(({ msg, reason }) => (typeof reason === 'string' && isMeant(msg) ? [reason] : []));
    const isDns = (msg: string): boolean => msg.includes('cannot be resolved');
    return {
      answers,
      failed: answers
        .filter(({ data, errors }) => errors.length > 0 || data?.customer?.contract?.dueDate !== '2025-07-15')
        .map(({ text }) => text),
      reasons: reasonsOf((msg) => !isDns(msg)),
      unresolved: reasonsOf(isDns),
      resends: Number(/upstream_resends_total (\d+)/.exec(metrics)?.[1]),
    };
  } finally {
    await gateway.close();
  }
}
