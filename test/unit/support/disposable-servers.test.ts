import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { startGateway } from '../../support/gateway';
import { requestRaw } from '../../support/raw-request';
import { startScriptedUpstream } from '../../support/scripted-upstream';

const QUERY =
  'query Bills($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { number dueDate invoices(first: 2) { nodes { number } } } } }';

describe('A gateway for a test', () => {
  it('answers over the embedded billing API, with a token that it takes, and counts its calls', async () => {
    const gateway = await startGateway();
    const answer = await gateway.query(QUERY, { number: '700100' });
    const calls = gateway.upstreamCalls();
    await gateway.close();
    expect([answer.status, answer.errors]).toEqual([200, []]);
    expect(answer.data.customer.contract.invoices.nodes).toHaveLength(2);
    expect(calls).toBe(1);
  });

  it('sends the token and the headers that a test gives it, or no token at all', async () => {
    const upstream = await startScriptedUpstream((request) => ({ body: toBillsBody(toAskedBills(request.url)) }));
    const gateway = await startGateway({ BILLING_API_URL: upstream.url });
    await gateway.query(QUERY, { number: '7' }, { token: 'one', headers: { 'x-request-id': 'mine' } });
    const refused = await gateway.query(QUERY, { number: '7' }, { token: null });
    await gateway.close();
    await upstream.close();
    expect(upstream.requests.map((request) => request.headers.authorization)).toEqual(['Bearer one']);
    expect([refused.status, refused.data, refused.errors[0]?.extensions?.['code']]).toEqual([401, undefined, 'UNAUTHENTICATED']);
  });

  it('refuses a bad setting as the gateway itself does', async () => {
    await expect(startGateway({ PORT: 'x' })).rejects.toThrow('PORT must be a whole number');
  });
});

describe('A scripted upstream', () => {
  it('answers what it is told, and remembers what it was asked', async () => {
    const upstream = await startScriptedUpstream((_request, index) =>
      index === 0 ? { status: 429, headers: { 'retry-after': '7' }, body: { error: {} } } : { body: 'text' },
    );
    const first = await requestRaw(upstream.port, { path: '/a/../b?c', headers: { 'x-one': '1' } });
    const second = await requestRaw(upstream.port, { path: '/' });
    await upstream.close();
    expect([first.status, first.headers['retry-after'], first.text, second.text]).toEqual([429, '7', '{"error":{}}', 'text']);
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', url: '/a/../b?c', headers: { 'x-one': '1' }, abandoned: false });
    expect(upstream.connectionCount()).toBe(2);
  });

  it.each([{ reset: true }, { truncateAtBytes: 3, body: 'abcdefgh' }, { rawBytes: 'not HTTP\r\n\r\n' }])(
    'breaks a connection: %j',
    async (scripted) => {
      const upstream = await startScriptedUpstream(() => scripted);
      await expect(requestRaw(upstream.port, { path: '/' })).rejects.toThrow(/socket hang up|ECONNRESET|aborted|Parse Error/);
      await upstream.close();
    },
  );

  it.each(['before-headers', 'after-headers', 'in-body'] as const)(
    'goes silent %s until the other side leaves, and notes that it left',
    async (hang) => {
      const upstream = await startScriptedUpstream(() => ({ hang, body: 'abcdefgh' }));
      const controller = new AbortController();
      const asked = fetch(upstream.url, { signal: controller.signal }).then((response) => response.text());
      await upstream.waitForRequests(1);
      setTimeout(() => controller.abort(), 50);
      await expect(asked).rejects.toThrow('aborted');
      while (!upstream.requests[0]!.abandoned) await new Promise(setImmediate);
      await upstream.close();
    },
  );

  it('holds an answer back until the test lets it go, and takes a new script', async () => {
    let release = (): void => undefined;
    const upstream = await startScriptedUpstream(() => new Promise((resolve) => (release = () => resolve({ body: 'held' }))));
    const asked = requestRaw(upstream.port, { path: '/' });
    await upstream.waitForRequests(1);
    upstream.setScript(() => ({ body: 'new', delayMs: 1, bodyDelayMs: 1 }));
    expect((await requestRaw(upstream.port, { path: '/' })).text).toBe('new');
    release();
    expect((await asked).text).toBe('held');
    await upstream.close();
  });

  it('shows a mistake in a script as such', async () => {
    const upstream = await startScriptedUpstream(() => {
      throw new Error('a typing error');
    });
    const answer = await requestRaw(upstream.port, { path: '/' });
    await upstream.close();
    expect([answer.status, answer.text]).toEqual([599, 'The script failed: Error: a typing error']);
  });

  it('serves windows of a contract', () => {
    const asked = toAskedBills('/v2/customers/RUC/80012345/bills?contractNumber=7&pageInit=2&quantity=5');
    expect(asked).toEqual({ idType: 'RUC', id: '80012345', contractNumber: '7', pageInit: 2, quantity: 5 });
    expect((toBillsBody(asked, 4)['invoiceCollection'] as { invoiceNumber: string }[]).map((invoice) => invoice.invoiceNumber)).toEqual([
      '7-000002',
      '7-000003',
    ]);
  });
});
