import { openBrowser, type BrowserWindow } from '../../support/browser';
import { startGateway, type Gateway } from '../../support/gateway';
import { startPageServer, type PageServer } from '../../support/page-server';

/** What the hosted Sandbox sends with an operation, and what it can be told to send. */
const SANDBOX_HEADERS = {
  'content-type': 'application/json',
  'apollo-require-preflight': 'true',
  'x-apollo-operation-name': 'Q',
  'x-billing-trace': 'calls',
  'x-request-timeout-ms': '5000',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const QUERY = 'query Q { customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }';

/** What a script of the page got. */
interface Got {
  readonly status: number;
  readonly body: {
    readonly data?: unknown;
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
    readonly extensions?: { readonly billing: Record<string, unknown> };
  };
  readonly headers: Readonly<Record<string, string>>;
}

describe('A page on another origin, in a browser', () => {
  let site: PageServer;
  let window: BrowserWindow;
  let gateway: Gateway | undefined;
  let preflights: string[];

  beforeAll(async () => {
    site = await startPageServer();
  });
  afterAll(() => site.close());
  beforeEach(async () => {
    window = await openBrowser();
    preflights = [];
    // Preflights are the browser's own: no page sees them, and the protocol of its developer tools does.
    const tools = await window.page.context().newCDPSession(window.page);
    await tools.send('Network.enable');
    tools.on('Network.requestWillBeSent', ({ request, initiator }) => {
      if (initiator.type === 'preflight') preflights.push(request.url);
    });
    await window.page.goto(site.url);
  });
  afterEach(async () => {
    await window.close();
    await gateway?.close();
    gateway = undefined;
  });

  /** Sends an operation from the page's own script, and reads what the browser lets the script read. */
  function send(url: string, query: string, headers: Record<string, string>): Promise<Got> {
    return window.page.evaluate(
      async (asked) => {
        const response = await fetch(`${asked.url}/graphql`, {
          method: 'POST',
          headers: asked.headers,
          body: JSON.stringify({ query: asked.query }),
        });
        return { status: response.status, body: (await response.json()) as Got['body'], headers: Object.fromEntries(response.headers) };
      },
      { url, query, headers },
    );
  }

  it('does what the hosted Sandbox does: the schema, then a query with its headers, after a preflight', async () => {
    gateway = await startGateway();
    const schema = await send(gateway.url, '{ __schema { types { name } } }', {
      'content-type': 'application/json',
      'apollo-require-preflight': 'true',
    });
    const answer = await send(gateway.url, QUERY, { ...SANDBOX_HEADERS, authorization: `Bearer ${gateway.app.billingApi!.issueToken()}` });
    expect(JSON.stringify(schema.body)).toContain('"InvoiceConnection"');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        data: { customer: { contract: { dueDate: '2025-07-15' } } },
        extensions: { billing: { calls: 1, requests: [{ source: 'api' }] } },
      },
    });
    expect(answer.headers['x-request-id']).toMatch(/\S/);
    // One for both: it was told of all headers, and for how long that holds.
    expect(preflights).toEqual([`${gateway.url}/graphql`]);
    expect(window.complaints).toEqual([]);
  });

  it('learns what a query would cost', async () => {
    gateway = await startGateway();
    const answer = await send(gateway.url, QUERY, {
      'content-type': 'application/json',
      'x-billing-dry-run': '1',
      authorization: 'Bearer any',
    });
    expect(answer.body.extensions?.billing).toMatchObject({ calls: 0, prediction: { calls: 1 } });
    expect(gateway.upstreamCalls()).toBe(0);
  });

  it('reads from the headers that a token is missing, and the id to ask about', async () => {
    gateway = await startGateway();
    const { status, body, headers } = await send(gateway.url, QUERY, SANDBOX_HEADERS);
    expect([status, body.errors?.[0]?.extensions.code, headers['www-authenticate']]).toEqual([401, 'UNAUTHENTICATED', 'Bearer']);
    expect(headers['x-request-id']).toMatch(/\S/);
  });

  it('is let into a production gateway that names its origin, and kept out of one that names another', async () => {
    const production = { NODE_ENV: 'production', BILLING_API_URL: 'http://127.0.0.1:9/v2' };
    gateway = await startGateway({ ...production, CORS_ORIGINS: site.url });
    expect((await send(gateway.url, '{ __typename }', SANDBOX_HEADERS)).body.data).toEqual({ __typename: 'Query' });
    await gateway.close();
    gateway = await startGateway({ ...production, CORS_ORIGINS: 'https://elsewhere.example' });
    await expect(send(gateway.url, '{ __typename }', SANDBOX_HEADERS)).rejects.toThrow('Failed to fetch');
    expect(window.complaints.join('\n')).toContain('blocked by CORS policy');
  });
});
