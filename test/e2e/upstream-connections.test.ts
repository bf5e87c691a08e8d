import type { Socket } from 'node:net';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { startSocketUpstream } from '../support/socket-upstream';

const QUERY = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';
const OPERATIONS = 160;
const IN_FLIGHT = 16;

/** What a server does with the request of this number on one connection, from 1. */
type OnRequest = (socket: Socket, number: number, respond: () => unknown) => unknown;

/** Sends operations, 16 at a time, through a gateway in front of a server that does this with its connections. */
async function run(onRequest: OnRequest, settings: Record<string, string> = {}) {
  const numbers = new WeakMap<Socket, number>();
  const upstream = await startSocketUpstream((socket, _index, head) => {
    const number = (numbers.get(socket) ?? 0) + 1;
    numbers.set(socket, number);
    const body = JSON.stringify(toBillsBody(toAskedBills(head.split(' ')[1] ?? '')));
    onRequest(socket, number, () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
  });
  const gateway = await startGateway({
    BILLING_API_URL: upstream.url,
    BILLING_API_TIMEOUT_MS: '60000',
    REQUEST_DEADLINE_MS: '60000',
    LOG_LEVEL: 'debug',
    ...settings,
  });
  const seen: GraphqlAnswer[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < OPERATIONS) seen.push(await gateway.query(QUERY, { number: String(++sent) }));
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, client));
    return { failed: seen.filter(({ errors }) => errors.length > 0), resends: await resendsOf(gateway), logLines: gateway.logLines };
  } finally {
    await gateway.close();
    await upstream.close();
  }
}

async function resendsOf(gateway: Gateway): Promise<number> {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/upstream_resends_total (\d+)/.exec(metrics)?.[1]);
}

describe('A connection that the billing API closes just when it is used again', () => {
  const REQUEST_TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  it.each<[string, OnRequest]>([
    ['is closed at the second request', (socket, number, respond) => (number === 2 ? socket.end() : respond())],
    ['is reset at the third request', (socket, number, respond) => (number === 3 ? socket.resetAndDestroy() : respond())],
    ['answers 408 to the second request', (socket, number, respond) => (number === 2 ? socket.end(REQUEST_TIMEOUT) : respond())],
  ])('costs no client an answer, without any retries: it %s', async (_what, onRequest) => {
    const { failed, resends, logLines } = await run(onRequest, { BILLING_API_RETRIES: '0' });
    expect(failed.map(({ text }) => text)).toEqual([]);
    expect(resends).toBeGreaterThan(0);
    // Neither a failed attempt nor a retry: nobody is to be paged, and the circuit breaker counts nothing.
    expect(logLines.filter((line) => line.includes('"msg":"attempt"') && !line.includes('"outcome":"ok"'))).toEqual([]);
  });

  it('is tried again once: a new connection that is closed without an answer is a failed attempt', async () => {
    const { failed, logLines } = await run((socket, number, respond) => (number === 1 ? respond() : socket.end()), {
      BILLING_API_RETRIES: '0',
      BILLING_API_CONNECTIONS: '1',
    });
    expect(failed).toEqual([]);
    expect(logLines.join('\n')).not.toContain('no connection');
    const all = await run((socket) => socket.end(), { BILLING_API_RETRIES: '0' });
    expect(all.failed).toHaveLength(OPERATIONS);
    expect(all.resends).toBe(0);
  });

  it('is not used again for a request of which a part of the response has come', async () => {
    const { failed, resends } = await run(
      (socket, number, respond) => (number === 2 ? socket.end('HTTP/1.1 200 OK\r\nContent-') : respond()),
      { BILLING_API_RETRIES: '0' },
    );
    expect(failed.length).toBeGreaterThan(0);
    expect(resends).toBe(0);
  });
});
