import type { Socket } from 'node:net';
import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway } from '../support/gateway';
import { startSocketUpstream } from '../support/socket-upstream';

const QUERY = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';

/** A small generator (mulberry32), so that a run can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An upstream that puts the token into its response, and answers many requests twice: 1 to 100 ms later, and in pieces. */
async function startStutteringUpstream(random: () => number) {
  let stutters = true;
  let second = 0;
  const writeInPieces = async (socket: Socket, text: string): Promise<void> => {
    for (let at = 0; at < text.length && !socket.destroyed;) {
      const size = 1 + Math.floor(random() * text.length);
      socket.write(text.slice(at, at + size));
      at += size;
      await pause(random() * 4);
    }
  };
  const server = await startSocketUpstream((socket, _index, head) => {
    const token = /Bearer ([\w-]+)/.exec(head)?.[1];
    // Without a contract number, by which a response to another request would be known.
    const body = JSON.stringify({ dueDate: token, invoiceCollection: [] });
    const response = `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    void (async () => {
      // So that there is nearly always a request under way for a second response to meet.
      if (stutters) await pause(10 + random() * 30);
      await writeInPieces(socket, response);
      if (!stutters || random() < 0.7) return;
      second++;
      await pause(1 + random() * 99);
      await writeInPieces(socket, response);
      second--;
    })();
  });
  return { ...server, behave: () => (stutters = false), isQuiet: () => second === 0 };
}

interface Seen {
  readonly asked: string;
  readonly told: unknown;
  readonly code: unknown;
}

async function ask(gateway: Gateway, token: string, number = '7'): Promise<Seen> {
  const { data, errors } = await gateway.query(QUERY, { number }, { token });
  return { asked: token, told: data?.customer?.contract?.dueDate, code: errors[0]?.extensions?.['code'] };
}

const isWrong = ({ asked, told }: Seen): boolean => typeof told === 'string' && told !== asked;

describe('Two callers, and a billing API that answers requests twice, late and in pieces', () => {
  const opened: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });
  const SETTINGS = { BILLING_API_TIMEOUT_MS: '20000', REQUEST_DEADLINE_MS: '20000' };

  it.each([1, 2, 3])('never get a response of the other with per-token sharing (seed %i)', async (seed) => {
    const random = createRandom(seed);
    const upstream = await startStutteringUpstream(random);
    opened.push(() => upstream.close());
    const gateway = await startGateway({
      ...SETTINGS,
      BILLING_API_URL: upstream.url,
      BILLING_API_CONNECTIONS: '2',
      BILLING_API_CONNECTION_SHARING: 'per-token',
    });
    opened.push(() => gateway.close());
    const seen: Seen[] = [];
    const client = async (token: string): Promise<void> => {
      for (let i = 0; i < 25; i++) {
        seen.push(await ask(gateway, token));
      }
    };
    await Promise.all(['alice', 'bob', 'alice', 'bob', 'carol'].map(client));
    expect(seen.filter(isWrong)).toEqual([]);
    expect(seen.filter(({ told }) => told !== undefined).length).toBeGreaterThan(10);
  });

  it.each([1, 2, 3])('never get a wrong response from the cache, with shared connections either (seed %i)', async (seed) => {
    const random = createRandom(seed);
    const upstream = await startStutteringUpstream(random);
    opened.push(() => upstream.close());
    const gateway = await startGateway({
      ...SETTINGS,
      BILLING_API_URL: upstream.url,
      BILLING_API_CONNECTIONS: '1',
      CACHE_TTL_SECONDS: '3600',
    });
    opened.push(() => gateway.close());
    const numbers = Array.from({ length: 12 }, (_, index) => String(index));
    const client = async (token: string): Promise<void> => {
      for (const number of numbers) {
        await ask(gateway, token, number);
        await pause(random() * 40);
      }
    };
    await Promise.all(['alice', 'bob'].map(client));
    upstream.behave();
    await until(upstream.isQuiet);
    const askAll = (): Promise<Seen[]> =>
      Promise.all(['alice', 'bob'].flatMap((token) => numbers.map((number) => ask(gateway, token, number))));
    // The last stray bytes may still be on their way.
    await until(async () => !(await askAll()).some(isWrong));
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    const strays = Number(/upstream_stray_bytes_total (\d+)/.exec(metrics)?.[1]);
    const warnings = gateway.logLines.filter((line) => line.includes('belong to no request'));
    expect(strays).toBeGreaterThan(0);
    expect(warnings).toHaveLength(strays);
  });

  it('never repeats the one wrong response that a shared connection can give', async () => {
    const responseTo = (token: string): string => {
      const body = JSON.stringify({ dueDate: token, invoiceCollection: [] });
      return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    };
    const upstream = await startSocketUpstream((socket, index, head) => {
      const token = /Bearer ([\w-]+)/.exec(head)?.[1] ?? '';
      // The first request is answered twice, just when the second one has come.
      if (index === 1) socket.write(responseTo('alice'));
      setTimeout(() => socket.write(responseTo(token)), index === 1 ? 50 : 0);
    });
    opened.push(() => upstream.close());
    const gateway = await startGateway({
      ...SETTINGS,
      BILLING_API_URL: upstream.url,
      BILLING_API_CONNECTIONS: '1',
      CACHE_TTL_SECONDS: '3600',
    });
    opened.push(() => gateway.close());
    await ask(gateway, 'alice');
    expect(await ask(gateway, 'bob')).toMatchObject({ told: 'alice' });
    await until(() => gateway.logLines.some((line) => line.includes('belong to no request')));
    expect(await ask(gateway, 'bob')).toMatchObject({ told: 'bob' });
    expect(await ask(gateway, 'alice')).toMatchObject({ told: 'alice' });
    // All that was cached from the connection is asked for again, also what was right.
    expect(upstream.requestCount()).toBe(4);
  });

  /** A gateway with one connection, and an upstream whose responses are about what `answer` says. */
  async function withOneConnection(answer: (index: number, asked: string, token: string) => object) {
    const upstream = await startSocketUpstream((socket, index, head) => {
      const [asked, token] = [/contractNumber=(\d+)/.exec(head)?.[1] ?? '', /Bearer ([\w-]+)/.exec(head)?.[1] ?? ''];
      const body = JSON.stringify({ ...answer(index, asked, token), invoiceCollection: [] });
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
    opened.push(() => upstream.close());
    const settings = { ...SETTINGS, BILLING_API_URL: upstream.url, BILLING_API_CONNECTIONS: '1', CACHE_TTL_SECONDS: '3600' };
    const gateway = await startGateway(settings);
    opened.push(() => gateway.close());
    const strays = (): number => gateway.logLines.filter((line) => line.includes('belong to no request')).length;
    return { gateway, upstream, strays };
  }

  it('take a response that names the contract of the request before for one out of step', async () => {
    const { gateway, upstream, strays } = await withOneConnection((index, asked, token) => {
      // Alice's response comes twice, and does not say whose it is. From then on each request gets the response to the one before.
      if (index === 1) return { dueDate: 'alice' };
      return index === 2 ? { dueDate: 'bob', contractNo: '2' } : { dueDate: token, contractNo: asked };
    });
    expect(await ask(gateway, 'alice', '1')).toMatchObject({ told: 'alice' });
    expect(await ask(gateway, 'bob', '2')).toMatchObject({ told: 'alice' });
    // It is asked for again, on another connection, and what came over this one is evicted.
    expect(await ask(gateway, 'carol', '3')).toMatchObject({ told: 'carol', code: undefined });
    expect([upstream.requestCount(), strays()]).toEqual([4, 1]);
    expect(await ask(gateway, 'bob', '2')).toMatchObject({ told: 'bob' });
    expect(await ask(gateway, 'alice', '1')).toMatchObject({ told: 'alice' });
    expect(upstream.requestCount()).toBe(6);
  });

  it('are not evicted for a contract that the billing API has given another number', async () => {
    const { gateway, upstream, strays } = await withOneConnection((_index, asked, token) => ({
      dueDate: token,
      contractNo: asked === '3' ? '33' : asked,
    }));
    await ask(gateway, 'alice', '1');
    for (let i = 0; i < 3; i++) expect(await ask(gateway, 'carol', '3')).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    await ask(gateway, 'alice', '1');
    expect([upstream.requestCount(), strays()]).toEqual([4, 0]);
  });
});
