import { toAskedBills, toBillsBody } from '../support/bills-body';
import { spawnGateway } from '../support/gateway-process';
import { toAnswer, type GraphqlAnswer } from '../support/gateway';
import { startScriptedUpstream, type Script } from '../support/scripted-upstream';

const QUERY =
  'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { invoices(first: 9) { nodes { number } } } } }';
/** What the billing API calls the contract that was asked for: none that was asked for before, which would be a response out of step. */
const CALLED: Readonly<Record<string, string>> = { '11': '110', '101': '1', '10': '100', '2': '20', '70': '700', '7': '007' };

/** Runs a test against a process of its own: what is not caught there ends it. */
async function withProcess(script: Script, use: (ask: (number: string) => Promise<GraphqlAnswer>) => Promise<void>): Promise<void> {
  const upstream = await startScriptedUpstream(script);
  const gateway = spawnGateway({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    BILLING_API_URL: upstream.url,
    BILLING_API_MAX_QUANTITY: '2',
    BILLING_API_RETRIES: '0',
    CACHE_TTL_SECONDS: '60',
  });
  try {
    const url = await gateway.ready();
    await use(async (number) =>
      toAnswer(
        await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer a-token' },
          body: JSON.stringify({ query: QUERY, variables: { number } }),
        }),
      ),
    );
    expect(gateway.child.exitCode).toBeNull();
  } finally {
    await gateway.kill();
    await upstream.close();
  }
}

const codesOf = ({ errors }: GraphqlAnswer): unknown[] => errors.map(({ extensions }) => extensions?.['code']);

describe('A page that takes several calls', () => {
  it('is one error where several of them fail, and the process goes on', async () => {
    let failed = 0;
    const script: Script = ({ url }) => {
      const asked = toAskedBills(url);
      if (asked.contractNumber !== '500') return { body: toBillsBody(asked, 9) };
      failed++;
      return { status: 500 };
    };
    await withProcess(script, async (ask) => {
      for (let i = 0; i < 3; i++) expect(codesOf(await ask('500'))).toEqual(['UPSTREAM_UNAVAILABLE']);
      // Several calls of one page have failed, and not only its first.
      expect(failed).toBeGreaterThan(3);
      const { data, errors } = await ask('7');
      expect([errors, data.customer.contract.invoices.nodes.length]).toEqual([[], 9]);
    });
  });
});

describe('A response for another contract', () => {
  it('is never shown as the one that was asked for, nor cached; leading zeros make no other contract', async () => {
    const script: Script = ({ url }) => {
      const asked = toAskedBills(url);
      return { body: { ...toBillsBody(asked, 1), contractNo: CALLED[asked.contractNumber ?? ''], invoiceCollection: [] } };
    };
    await withProcess(script, async (ask) => {
      for (const number of Object.keys(CALLED)) {
        for (let i = 0; i < 2; i++) {
          const answer = await ask(number);
          const isSame = number === '7';
          expect([number, codesOf(answer)]).toEqual([number, isSame ? [] : ['UPSTREAM_INVALID_RESPONSE']]);
          expect([number, answer.data.customer.contract !== null]).toEqual([number, isSame]);
        }
      }
    });
  });
});
