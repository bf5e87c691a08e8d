import { buildClientSchema, getIntrospectionQuery, printSchema, type IntrospectionQuery } from 'graphql';
import { toExampleTabs } from '../../src/http/explorer/explorer';
import { startGateway, type Gateway } from '../support/gateway';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const TOKEN = /[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/;

async function open(gateway: Gateway): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(`${gateway.url}/graphql`, { headers: BROWSER });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function withExplorer(
  explorer: string | undefined,
  use: (gateway: Gateway) => Promise<void>,
  others: Record<string, string> = {},
): Promise<void> {
  const gateway = await startGateway({ EXPLORER: explorer, ...others });
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
}

describe('A browser that opens /graphql', () => {
  it('finds Apollo Sandbox if it is asked for, with an example that the embedded billing API can answer and no token', () =>
    withExplorer('sandbox', async (gateway) => {
      const { status, headers, text } = await open(gateway);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html']);
      expect(text).toContain('EmbeddedSandbox');
      const config = JSON.parse(/embeddedSandboxConfig = (\{.*\});/.exec(text)?.[1] ?? '{}') as unknown;
      expect(config).toMatchObject({
        endpointIsEditable: false,
        runTelemetry: false,
        initialState: {
          document: expect.stringContaining('query ContractBills('),
          variables: { idType: 'RUC', id: '80012345', number: '700100', first: 3 },
          headers: { Authorization: 'Bearer <paste a token>', 'x-billing-trace': 'calls' },
          pollForSchemaUpdates: false,
        },
      });
      expect(text).not.toMatch(TOKEN);
    }));

  it("is told by Sandbox's page and its headers where scripts, styles and frames may come from", () =>
    withExplorer('sandbox', async (gateway) => {
      const { headers, text } = await open(gateway);
      const inPage = /Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1];
      expect(inPage).toMatch(/script-src 'self' 'nonce-[0-9a-f]{64}' https:\/\/\S*\.apollographql\.com/);
      expect(inPage).not.toMatch(/unsafe/);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect([headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual(['nosniff', 'no-referrer']);
    }));

  it('finds GraphiQL outside production, with files of the gateway alone, and a policy that lets in nothing else', () =>
    withExplorer(undefined, async (gateway) => {
      const { status, headers, text } = await open(gateway);
      expect([status, headers.get('content-security-policy')]).toEqual([
        200,
        expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self';/),
      ]);
      expect(text).not.toMatch(/https?:\/\//);
      expect(text).not.toMatch(TOKEN);
      const files = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
      expect(files).toHaveLength(7);
      for (const file of files) {
        const packed = await fetch(`${gateway.url}${file}`);
        const plain = await fetch(`${gateway.url}${file}`, { headers: { 'accept-encoding': 'identity' } });
        expect([packed.status, packed.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual([200, 'gzip', null]);
        expect((await packed.text()) === (await plain.text())).toBe(true);
      }
    }));

  it('finds the schema in a file, where introspection is on and the explorer is GraphiQL', async () => {
    const askSchema = async (gateway: Gateway): Promise<{ status: number; text: string }> => {
      const response = await fetch(`${gateway.url}/graphql/explorer/schema.json`);
      return { status: response.status, text: await response.text() };
    };
    await withExplorer('graphiql', async (gateway) => {
      const { data } = await gateway.query<IntrospectionQuery>(getIntrospectionQuery({ inputValueDeprecation: true }), undefined, {
        token: null,
      });
      const inFile = (JSON.parse((await askSchema(gateway)).text) as { data: IntrospectionQuery }).data;
      expect(printSchema(buildClientSchema(inFile))).toBe(printSchema(buildClientSchema(data!)));
    });
    await withExplorer(
      'graphiql',
      async (gateway) => {
        const { status, text } = await askSchema(gateway);
        expect([status, text.includes('Introspection is off'), text.includes('Contract')]).toEqual([200, true, false]);
      },
      { INTROSPECTION: 'false' },
    );
    await withExplorer('sandbox', async (gateway) => expect((await askSchema(gateway)).status).toBe(404));
  });

  it("finds no file but the explorer's", () =>
    withExplorer('graphiql', async (gateway) => {
      for (const name of ['package.json', '..%2Fmain.js', 'page.js.gz', '__proto__', 'constructor'])
        expect((await fetch(`${gateway.url}/graphql/explorer/${name}`)).status).toBe(404);
    }));

  it('finds no page with EXPLORER=none, nor in production', async () => {
    const production = { NODE_ENV: 'production', BILLING_API_URL: 'http://127.0.0.1:9/v2' };
    for (const [explorer, others] of [
      ['none', {}],
      [undefined, production],
    ] as const) {
      await withExplorer(
        explorer,
        async (gateway) => {
          const { status, text } = await open(gateway);
          expect([status, text.includes('<html')]).toEqual([400, false]);
          expect((await fetch(`${gateway.url}/graphql/explorer/page.js`)).status).toBe(404);
          expect((await fetch(`${gateway.url}/`, { redirect: 'manual' })).status).toBe(404);
        },
        others,
      );
    }
  });

  it('still gets JSON where it asks for JSON', () =>
    withExplorer('graphiql', async (gateway) => {
      expect((await gateway.query('{ __typename }', undefined, { token: null })).data).toEqual({ __typename: 'Query' });
    }));
});

describe('An example of the explorers', () => {
  it.each(toExampleTabs({ example: { idType: 'RUC', id: '80012345', contractNumber: '700100' }, faults: [] }))(
    'runs with its variables, without an error and in one call: %#',
    ({ query, variables }) =>
      withExplorer('graphiql', async (gateway) => {
        const { errors, data } = await gateway.query(query, JSON.parse(variables) as Record<string, unknown>);
        expect([errors, gateway.upstreamCalls()]).toEqual([[], 1]);
        expect(data).not.toBeNull();
      }),
  );
});

describe('The button for a token', () => {
  const ask = (gateway: Gateway, origin?: string): Promise<Response> =>
    fetch(`${gateway.url}/graphql/explorer/token`, { method: 'POST', headers: origin === undefined ? {} : { origin } });

  it('gets one that the embedded billing API takes', () =>
    withExplorer('graphiql', async (gateway) => {
      const { token } = (await (await ask(gateway, gateway.url)).json()) as { token: string };
      const answer = await gateway.query(
        '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }',
        undefined,
        { token },
      );
      expect(answer.errors).toEqual([]);
    }));

  it("is the own page's alone", () =>
    withExplorer('graphiql', async (gateway) => {
      for (const origin of ['https://elsewhere.example', 'null', undefined]) expect((await ask(gateway, origin)).status).toBe(403);
    }));

  it('is not there with a real billing API, in production, or in Sandbox', async () => {
    const real = { BILLING_API_URL: 'http://127.0.0.1:9/v2' };
    for (const [explorer, others] of [
      ['graphiql', real],
      ['graphiql', { ...real, NODE_ENV: 'production' }],
      ['sandbox', {}],
    ] as const) {
      await withExplorer(
        explorer,
        async (gateway) => {
          expect((await ask(gateway, gateway.url)).status).toBe(404);
          expect((await open(gateway)).text).not.toContain('"canIssueToken":true');
        },
        others,
      );
    }
  });
});
