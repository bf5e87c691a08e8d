import { until } from '../support/cache-fixtures';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { spawnGateway } from '../support/gateway-process';
import { openConnection } from '../support/raw-bytes';
import { startScriptedUpstream } from '../support/scripted-upstream';
import { GREEDY_OPERATIONS } from '../support/greedy-operations';

/** Sent at once, and again by each client after its response. */
const CLIENTS = 8;
const ROUNDS = 3;

/** Connections that begin to send a body, the pieces of one byte that each sends, and how many are written at once. */
const SLOW_CLIENTS = 20;
const PIECES = 250_000;
const PIECES_AT_ONCE = 1000;

/** A filter as large as a request may be, for each of many pages. */
const MANY_PERIODS = {
  query: `query($f: InvoiceFilter) { customer(idType: "RUC", id: "80012345") { contract(number: "7") {
    ${Array.from({ length: 80 }, (_, index) => `a${index}: invoices(first: ${index + 1}, filter: $f) { nodes { number } }`).join(' ')} } } }`,
  variables: { f: { billPeriods: Array.from({ length: 20_000 }, (_, index) => `p${index}`) } },
};

function spawnSmall(billingApiUrl: string): ReturnType<typeof spawnGateway> {
  return spawnGateway({
    NODE_ENV: 'production',
    NODE_OPTIONS: '--max-old-space-size=256',
    HOST: '127.0.0.1',
    BILLING_API_URL: billingApiUrl,
  });
}

describe('A process with 256 MB of heap', () => {
  it('survives clients without a token that send bodies byte by byte and do not end them', async () => {
    const gateway = spawnSmall('http://127.0.0.1:9');
    const head = 'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const pieces = '1\r\n \r\n'.repeat(PIECES_AT_ONCE);
    try {
      const url = await gateway.ready();
      await Promise.all(
        Array.from({ length: SLOW_CLIENTS }, async () => {
          const { socket, received, closed } = openConnection(Number(new URL(url).port));
          socket.write(head);
          for (let sent = 0; sent < PIECES && !socket.destroyed; sent += PIECES_AT_ONCE)
            if (!socket.write(pieces)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
          await until(() => received() !== '' || socket.destroyed, 120_000);
          socket.destroy();
          await closed;
        }),
      );
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ __typename }"}',
      });
      expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    } finally {
      await gateway.kill();
    }
  }, 300_000);

  it('survives clients that send many requests at once and read no response', async () => {
    const upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 1000) }));
    const gateway = spawnSmall(upstream.url);
    const body = JSON.stringify({
      query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { invoices(first: 1000) { nodes { number amount } } } } }',
    });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer a-token' };
    const head = Object.entries({ host: 'gateway', ...headers, 'content-length': body.length }).map(([name, value]) => `${name}: ${value}`);
    const request = ['POST /graphql HTTP/1.1', ...head, '', body].join('\r\n');
    try {
      const url = await gateway.ready();
      const ask = async (): Promise<number> => (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).status;
      expect(await ask()).toBe(200);
      const connections = Array.from({ length: SLOW_CLIENTS }, () => openConnection(Number(new URL(url).port)));
      for (const { socket } of connections) socket.pause().write(request.repeat(500));
      // While the requests arrive, another client may be refused with a 503; it is served soon.
      await until(async () => (await ask()) === 200, 60_000);
      // What was closed by the gateway shows when it is read.
      for (const { socket } of connections) socket.resume();
      await Promise.all(connections.map(({ closed }) => closed));
      expect(await ask()).toBe(200);
    } finally {
      await gateway.kill();
      await upstream.close();
    }
  }, 300_000);

  it('survives clients that ask for more than it may return, and answers the next one', async () => {
    const upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 1000) }));
    const gateway = spawnSmall(upstream.url);
    try {
      const url = `${await gateway.ready()}/graphql`;
      const ask = async (body: object): Promise<{ status: number; text: string }> => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer a-token' },
          body: JSON.stringify(body),
        });
        return { status: response.status, text: await response.text() };
      };
      const client = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS; round++) {
          expect((await ask(MANY_PERIODS)).text).toContain('BAD_USER_INPUT');
          for (const [name, body] of Object.entries(GREEDY_OPERATIONS)) {
            const { status, text } = await ask(body);
            expect([name, status, text.includes('RESULT_LIMIT_EXCEEDED')]).toEqual([name, 400, true]);
          }
        }
      };
      const expectData = async (): Promise<void> => {
        const { status, text } = await ask({ query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { number } } }' });
        expect([status, text.trim()]).toEqual([200, '{"data":{"customer":{"contract":{"number":"7"}}}}']);
      };
      // From then on the token is accepted, and may send more than one that was made up.
      await expectData();
      await Promise.all(Array.from({ length: CLIENTS }, client));
      await expectData();
      expect(gateway.child.exitCode).toBeNull();
    } finally {
      await gateway.kill();
      await upstream.close();
    }
  }, 300_000);
});
