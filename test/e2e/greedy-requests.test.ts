import { ANONYMOUS_REQUESTS, INTROSPECTIONS, REQUESTS_WITH_BAD_TOKENS } from '../support/greedy-requests';
import { toAskedBills } from '../support/bills-body';
import { slownessOfMachine } from '../support/machine-speed';
import { startMeteredGateway, type MeteredGateway } from '../support/metered-gateway';
import { good } from '../support/scripted-gateway';
import { sendBytes } from '../support/raw-bytes';
import type { RawRequest } from '../support/raw-request';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

/** CPU time that a request without a token may cost, whatever it holds. */
const MAX_ANONYMOUS_MS = 5;
/** Requests between two measurements, so that the meter's own signals and timers do not count as the request's. */
const REQUESTS = 8;
/** Brackets within brackets are refused before they are parsed, which would take 30 ms with what is collected afterwards. */
const MAX_NESTED_MS = 10;
/** With a token, its whole body is read and parsed: 256 KiB of fractions, and errors of 50 of them, take 5 to 8 ms. */
const MAX_REFUSED_MS = 10;

/** 50,000 list members that all fail: making an error of each would take three times as much. */
const MAX_FAILING_MS = 300;

const HOST = 'Host: gateway\r\n';
const PIECES = `Transfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(30_000)}`;
/** Bytes that make Node's parser call back very often. */
const MANY_PIECES: Readonly<Record<string, string>> = {
  'a body in chunks of one byte': `POST /graphql HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${PIECES}`,
  'one with a token': `POST /graphql HTTP/1.1\r\n${HOST}Authorization: Bearer junk\r\nContent-Type: application/json\r\n${PIECES}`,
  'one that nobody reads': `GET /graphql?query={__typename} HTTP/1.1\r\n${HOST}apollo-require-preflight: 1\r\n${PIECES}`,
  'one of a method that does not exist here': `PUT /graphql HTTP/1.1\r\n${HOST}${PIECES}`,
  'one to an address that does not exist': `POST /nothing HTTP/1.1\r\n${HOST}${PIECES}`,
  'one of a request with two hosts': `POST /graphql HTTP/1.1\r\n${HOST}${HOST}${PIECES}`,
};
const pipelined = (count: number): string => `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(count);

describe('A greedy request', () => {
  let upstream: ScriptedUpstream;
  let gateway: MeteredGateway;
  let n = 0;
  let slowness = 1;

  beforeAll(async () => {
    upstream = await startScriptedUpstream((request) => {
      if (!request.headers.authorization?.startsWith('Bearer failing')) return { status: 401, body: {} };
      return toAskedBills(request.url).contractNumber === '7' ? { status: 403, body: {} } : good(request);
    });
    gateway = await startMeteredGateway({ BILLING_API_URL: upstream.url, INTROSPECTION: 'true' });
    // Code is compiled when it has run for a while.
    for (const make of Object.values({ ...ANONYMOUS_REQUESTS, ...INTROSPECTIONS })) await gateway.ask(make(n++));
    slowness = slownessOfMachine();
  }, 120_000);

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  /** What the request costs, tried again while it is too much: what else the process does adds to it, and never takes from it. */
  async function leastCost(make: (n: number) => Parameters<MeteredGateway['ask']>[0], token: string | null, limitMs: number) {
    const limit = limitMs * slowness;
    let least = Infinity;
    for (let round = 0; least > limit && round < 20; round++) {
      // Made before they are measured: while the test is busy, the meter goes on looking at its clock.
      const requests = Array.from({ length: REQUESTS }, () => make(n++));
      await gateway.measure();
      for (let i = 0; i < REQUESTS; i++) {
        const request = requests[i] as RawRequest;
        const headers = { ...request.headers, ...(token === null ? {} : { authorization: `Bearer ${token}${n - i}` }) };
        const { status } = await gateway.ask({ ...request, headers });
        expect(status).toBeLessThan(500);
      }
      least = Math.min(least, (await gateway.measure()).totalMs / REQUESTS);
    }
    return least;
  }

  async function findDear(requests: typeof ANONYMOUS_REQUESTS, token: string | null, limit: number) {
    const dear: [string, number][] = [];
    for (const [name, make] of Object.entries(requests)) {
      const cost = await leastCost(make, token, limit);
      if (cost > limit * slowness) dear.push([name, cost]);
    }
    return dear;
  }

  it('without a token costs at most 5 ms of CPU', async () => {
    expect(await findDear(ANONYMOUS_REQUESTS, null, MAX_ANONYMOUS_MS)).toEqual([]);
  }, 300_000);

  it.each(['deep variables', 'deep objects', 'deeply nested lists'])(
    'with a made-up token and 256 KiB of %s is refused before it is parsed',
    async (name) => {
      const make = REQUESTS_WITH_BAD_TOKENS[name] as (typeof REQUESTS_WITH_BAD_TOKENS)[string];
      expect(await leastCost(make, 'bad', MAX_NESTED_MS)).toBeLessThanOrEqual(MAX_NESTED_MS * slowness);
    },
  );

  it('for the schema costs as little', async () => {
    expect(await findDear(INTROSPECTIONS, null, MAX_ANONYMOUS_MS)).toEqual([]);
  }, 120_000);

  /** The least that the bytes cost, in milliseconds; in several rounds, until it is within the limit. */
  async function leastCostOf(bytes: string, limit: number): Promise<number> {
    let least = Infinity;
    for (let round = 0; least > limit && round < 20; round++) {
      await gateway.measure();
      for (let i = 0; i < REQUESTS; i++) await sendBytes(gateway.port, bytes);
      least = Math.min(least, (await gateway.measure()).totalMs / REQUESTS);
    }
    return least;
  }

  it.each(Object.entries(MANY_PIECES))('that is %s costs as little', async (_name, bytes) => {
    const limit = MAX_ANONYMOUS_MS * slowness;
    expect(await leastCostOf(bytes, limit)).toBeLessThanOrEqual(limit);
  });

  it('costs nothing behind the hundred that one connection may send at once', async () => {
    await leastCostOf(pipelined(150), 0);
    const few = await leastCostOf(pipelined(150), 0);
    expect((await leastCostOf(pipelined(2400), 2 * few)) / few).toBeLessThan(2);
  });

  it('without a token has a body of at most 32 KiB', async () => {
    const ask = (bytes: number, headers: object) =>
      gateway.ask({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ __typename }' }).padEnd(bytes),
      });
    expect((await ask(32_768, {})).status).toBe(200);
    expect((await ask(32_769, { authorization: 'Bearer a-token' })).status).toBe(200);
    const { status, headers, text } = await ask(32_769, {});
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(text).toContain('UNAUTHENTICATED');
  });

  it('with a token that the billing API does not accept costs little more than reading its body', async () => {
    expect(await findDear(REQUESTS_WITH_BAD_TOKENS, 'bad', MAX_REFUSED_MS)).toEqual([]);
  }, 300_000);

  it('of which each of 50,000 list members fails makes errors of the first thousand only', async () => {
    const toBody = (n: readonly string[]): string =>
      JSON.stringify({
        query: 'query($n: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $n) { number } } }',
        variables: { n },
      });
    const body = toBody(Array.from({ length: 50_000 }, () => '7'));
    let least = Infinity;
    for (let round = 0; least > MAX_FAILING_MS * slowness && round < 16; round++) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer failing${round}` };
      const accepted = await gateway.ask({ method: 'POST', path: '/graphql', headers, body: toBody(['1']) });
      expect(accepted.text).not.toContain('errors');
      await gateway.measure();
      const { status, text } = await gateway.ask({ method: 'POST', path: '/graphql', headers, body });
      expect([status, text]).toEqual([400, expect.stringContaining('"failures":1001')]);
      least = Math.min(least, (await gateway.measure()).totalMs);
    }
    expect(least).toBeLessThanOrEqual(MAX_FAILING_MS * slowness);
  }, 120_000);
});
