import { toAskedBills, toBillsBody } from '../support/bills-body';
import { spawnGateway } from '../support/gateway-process';
import { startScriptedUpstream } from '../support/scripted-upstream';
import { GREEDY_OPERATIONS } from '../support/greedy-operations';

/** Sent at once, and again by each client after its response. */
const CLIENTS = 8;
const ROUNDS = 3;

describe('A process with 256 MB of heap', () => {
  it('survives clients that ask for more than it may return, and answers the next one', async () => {
    const upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 1000) }));
    const gateway = spawnGateway({
      NODE_ENV: 'production',
      NODE_OPTIONS: '--max-old-space-size=256',
      HOST: '127.0.0.1',
      BILLING_API_URL: upstream.url,
    });
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
          for (const [name, body] of Object.entries(GREEDY_OPERATIONS)) {
            const { status, text } = await ask(body);
            expect([name, status, text.includes('RESULT_LIMIT_EXCEEDED')]).toEqual([name, 400, true]);
          }
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
      const { status, text } = await ask({ query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { number } } }' });
      expect([status, text.trim()]).toEqual([200, '{"data":{"customer":{"contract":{"number":"7"}}}}']);
      expect(gateway.child.exitCode).toBeNull();
    } finally {
      await gateway.kill();
      await upstream.close();
    }
  }, 300_000);
});
