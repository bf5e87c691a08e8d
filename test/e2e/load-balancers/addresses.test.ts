import dns, { type LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import { sendLoad, startBalancer, type Balancer, type LoadResult } from '../../support/balancer';

const NAME = 'bills.example';
const RECORDS: LookupAddress[] = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));

/** A load balancer at one of the name's addresses. */
class Address {
  readonly #balancer: Balancer;
  /** A connection that is ended before its first response is a failed attempt: that is what retries are for. */
  readonly #used: Set<Socket>;

  constructor(balancer: Balancer, used: Set<Socket>) {
    this.#balancer = balancer;
    this.#used = used;
  }

  static async listen(host: string, port = 0): Promise<Address> {
    const used = new Set<Socket>();
    const balancer = await startBalancer(
      { onRequest: ({ socket, respond }) => setImmediate(() => (respond(), used.add(socket))) },
      { host, port },
    );
    return new Address(balancer, used);
  }

  get port(): number {
    return this.#balancer.port;
  }

  get connectionCount(): number {
    return this.#balancer.connectionCount();
  }

  /** Refuses connections from now on, and resets those that are open. */
  die(): void {
    this.#balancer.refuse();
    for (const socket of this.#used) socket.resetAndDestroy();
    this.#used.clear();
  }

  comeBack = (): Promise<void> => this.#balancer.listen();
  close = (): Promise<void> => this.#balancer.close();
}

let first: Address;
let second: Address;

/** A name with two addresses, at each of which a load balancer listens on the same port. */
beforeEach(async () => {
  first = await Address.listen('127.0.0.1');
  second = await Address.listen('127.0.0.2', first.port);
  const { lookup } = dns;
  // What a name server would say, in the place of the system's.
  jest.spyOn(dns, 'lookup').mockImplementation(((name: string, options: object, callback: (...results: unknown[]) => void) => {
    if (name === NAME) process.nextTick(callback, null, RECORDS);
    else lookup(name, options, callback as never);
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
