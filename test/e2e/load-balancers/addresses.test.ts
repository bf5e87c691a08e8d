import dns, { type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createConnector } from '../../../src/upstream/sockets/connector';
import { sendLoad, startBalancer, type BalancedRequest, type Balancer, type LoadResult } from '../../support/balancer';
import { openBlackHole } from '../../support/black-hole';

const NAME = 'bills.example';
const RECORDS: LookupAddress[] = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));

/** A load balancer at one of the name's addresses. */
class Address {
  readonly #balancer: Balancer;
  /** How many requests came over each connection. */
  readonly #requests: Map<Socket, number>;

  constructor(balancer: Balancer, requests: Map<Socket, number>) {
    this.#balancer = balancer;
    this.#requests = requests;
  }

  static async listen(host: string, port = 0): Promise<Address> {
    const requests = new Map<Socket, number>();
    const onRequest = ({ socket, number, respond }: BalancedRequest): unknown =>
      setImmediate(() => {
        respond();
        requests.set(socket, number);
      });
    return new Address(await startBalancer({ onRequest }, { host, port }), requests);
  }

  get port(): number {
    return this.#balancer.port;
  }

  get connectionCount(): number {
    return this.#balancer.connectionCount();
  }

  /**
   * Refuses connections from now on, and ends those that are open: with a reset if their first response has been read, which
   * the second request shows. A connection that ends before its first response is a failed attempt: that is what retries are for.
   */
  die(): void {
    this.#balancer.refuse();
    for (const [socket, requests] of this.#requests)
      if (requests > 1) socket.resetAndDestroy();
      else socket.end();
    this.#requests.clear();
  }

  comeBack = (): Promise<void> => this.#balancer.listen();
  close = (): Promise<void> => this.#balancer.close();
}

let first: Address;
let second: Address;
/** What DNS says, in place of the system's: addresses, the code of an error, or, if null, nothing. */
let records: LookupAddress[] | string | null;
type Callback = (...results: unknown[]) => void;
let unanswered: Callback[];
let lookups: number;

/** Has DNS say something else from now on, also to those who still wait for it. */
function say(next: typeof records): void {
  records = next;
  if (next !== null) for (const callback of unanswered.splice(0)) answer(callback);
}

function answer(callback: Callback): void {
  if (records === null) unanswered.push(callback);
  else if (typeof records === 'string') process.nextTick(callback, Object.assign(new Error(), { code: records }));
  else process.nextTick(callback, null, records);
}

/** A name with two addresses, at each of which a load balancer listens on the same port. */
beforeEach(async () => {
  first = await Address.listen('127.0.0.1');
  second = await Address.listen('127.0.0.2', first.port);
  const { lookup } = dns;
  unanswered = [];
  say(RECORDS);
  lookups = 0;
  jest.spyOn(dns, 'lookup').mockImplementation(((name: string, options: object, callback: Callback) => {
    if (name !== NAME) {
      lookup(name, options, callback as never);
      return;
    }
    lookups++;
    answer(callback);
  }) as never);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await first.close();
  await second.close();
});

/** Sends operations to the name, without any retries; `during` is called with each that is answered. */
function send(during: (answered: number) => unknown = () => undefined): Promise<LoadResult> {
  const settings = { BILLING_API_RETRIES: '0' };
  return sendLoad({ url: `http://${NAME}:${first.port}`, operations: 200, clients: 16, onAnswer: during, settings });
}

describe('A billing API with two addresses', () => {
  it('costs no client an answer where the first one has never been there', async () => {
    first.die();
    const { failed, reasons } = await send();
    expect([failed, reasons]).toEqual([[], []]);
    expect([first.connectionCount, second.connectionCount > 0]).toEqual([0, true]);
  });

  it('costs no client an answer where the one that is used dies under load', async () => {
    const { failed, reasons, resends } = await send((answered) => {
      if (answered === 100) first.die();
    });
    expect([failed, reasons]).toEqual([[], []]);
    expect([resends > 0, first.connectionCount > 0, second.connectionCount > 0]).toEqual([true, true, true]);
  });

  it.each<[string, (socket: Socket) => unknown]>([
    ['closes each connection', (socket) => socket.destroy()],
    ['resets each connection when a request comes', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['never answers', (socket) => socket.pause()],
  ])('costs no client an answer where the first one takes connections and %s', async (_what, onConnection) => {
    await first.close();
    const broken = await startBalancer({ onRequest: () => undefined, onConnection }, { host: '127.0.0.1', port: second.port });
    const url = `http://${NAME}:${second.port}`;
    const { failed, reasons } = await sendLoad({ url, operations: 20, clients: 1, settings: { BILLING_API_TIMEOUT_MS: '2000' } });
    const connectionCount = broken.connectionCount();
    await broken.close();
    expect([failed, reasons, connectionCount]).toEqual([[], [expect.any(String)], 1]);
  });

  it('costs no client an answer where each of them dies while the other is there', async () => {
    let before = 0;
    const { failed, reasons } = await send(async (answered) => {
      if (answered === 60) first.die();
      if (answered !== 120) return;
      before = first.connectionCount;
      await first.comeBack();
      second.die();
    });
    expect([failed, reasons]).toEqual([[], []]);
    expect(first.connectionCount).toBeGreaterThan(before);
  });
});

/** Answers each connection's first request, and closes it. */
const ONCE: Parameters<typeof startBalancer>[0] = {
  onRequest: ({ socket, respond }) => {
    respond({ headers: ['Connection: close'] });
    socket.end();
  },
};

describe('A name that DNS does not resolve', () => {
  it.each<[string, string | null]>([
    ['DNS fails', 'EAI_AGAIN'],
    ['DNS does not answer', null],
  ])('costs no client an answer, once it has been resolved, where %s; the addresses are new when it works again', async (_what, fault) => {
    const [old, other] = await Promise.all(['127.0.0.3', '127.0.0.4'].map((host) => startBalancer(ONCE, { host, port: first.port })));
    say([{ address: '127.0.0.3', family: 4 }]);
    try {
      const { failed, reasons, unresolved } = await sendLoad({
        url: `http://${NAME}:${first.port}`,
        operations: 120,
        clients: 8,
        settings: { BILLING_API_RETRIES: '0' },
        onAnswer: (count) => {
          if (count === 20) say(fault);
          if (count === 80) say([{ address: '127.0.0.4', family: 4 }]);
        },
      });
      expect([failed, reasons]).toEqual([[], []]);
      expect(unresolved).toEqual([fault ?? 'no answer from DNS within 1000 ms']);
      expect([old!.connectionCount() > 20, other!.connectionCount() > 0]).toEqual([true, true]);
    } finally {
      await Promise.all([old!.close(), other!.close()]);
    }
  });

  it('is told to the operator where it has never been resolved, and asked for once by many operations, until DNS works', async () => {
    say(null);
    let lookupsBefore = 0;
    const { failed, reasons, answers } = await sendLoad({
      url: `http://${NAME}:${first.port}`,
      operations: 20,
      clients: 4,
      settings: { BILLING_API_RETRIES: '0', BILLING_API_TIMEOUT_MS: '4000' },
      onAnswer: (count) => {
        if (count !== 4) return;
        lookupsBefore = lookups;
        say(RECORDS);
      },
    });
    expect(reasons).toContain('no connection: no answer from DNS within 3200 ms');
    expect(answers[0]?.errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect([failed.length < 20, lookupsBefore]).toEqual([true, 1]);
  });
});

describe('An address that swallows all packets', () => {
  it('is told to the operator', async () => {
    const hole = await openBlackHole('127.0.0.5');
    try {
      const { reasons } = await sendLoad({
        url: `http://127.0.0.5:${hole.port}`,
        operations: 1,
        clients: 1,
        settings: { BILLING_API_RETRIES: '0', BILLING_API_TIMEOUT_MS: '500' },
      });
      expect(reasons).toEqual(['no connection within 500 ms: the address does not answer']);
    } finally {
      await hole.close();
    }
  });

  it.each([
    ['127.0.0.5', 4],
    ['::1', 6],
  ])('is tried by the first connections only where it is %s, beside one that works', async (address, family) => {
    const hole = await openBlackHole(address, first.port);
    say([
      { address, family },
      { address: '127.0.0.1', family: 4 },
    ]);
    const origin = new URL(`http://${NAME}:${first.port}`);
    const connect = createConnector({ origin, proxy: null, tlsFiles: null, timeoutMs: 600_000 });
    /** Opens a connection, which is used, and tells which addresses were tried. */
    async function open(): Promise<string[]> {
      const tried: string[] = [];
      let onBytes: (bytes: Buffer) => void = () => undefined;
      const answered = new Promise<Buffer>((resolve) => (onBytes = resolve));
      const socket = connect((bytes) => onBytes(bytes)) as Socket;
      socket.on('connectionAttempt', (ip: string) => tried.push(ip)).write(`GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`);
      await answered;
      socket.destroy();
      await once(socket, 'close');
      return tried;
    }
    try {
      const together = await Promise.all([open(), open(), open()]);
      expect(together).toEqual(together.map(() => [address, '127.0.0.1']));
      for (let connection = 0; connection < 5; connection++) expect(await open()).toEqual(['127.0.0.1']);
    } finally {
      await hole.close();
    }
  });

  it('costs no client an answer where it is the first of two', async () => {
    const hole = await openBlackHole('127.0.0.5', first.port);
    say(['127.0.0.5', '127.0.0.1'].map((address) => ({ address, family: 4 })));
    try {
      const { failed, reasons } = await send();
      expect([failed, reasons]).toEqual([[], []]);
    } finally {
      await hole.close();
    }
  });
});
