import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startMeteredGateway, type MeteredGateway } from '../support/metered-gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { WORST_OPERATIONS } from '../support/worst-operations';

/** CPU time that one turn of the event loop may take. */
const MAX_TURN_MS = 100;

/** A contract with a long list. */
const LONG = '888888';
const LENGTH = 50_000;
const LONG_LIST_OPERATIONS: Readonly<Record<string, string>> = {
  'many sums': aliasesOf((index) => `invoiceSummary(filter: { billPeriods: ["${index}"] }) { count }`),
  'many filtered pages': aliasesOf((index) => `invoices(first: 5, filter: { billPeriods: ["${index}"] }) { nodes { number } }`),
  'many filtered pages from the end': aliasesOf((index) => `invoices(last: 5, filter: { billPeriods: ["${index}"] }) { nodes { number } }`),
  'a search': 'invoice(number: "nothing") { number }',
};

function aliasesOf(field: (index: number) => string): string {
  return Array.from({ length: 40 }, (_, index) => `a${index}: ${field(index)}`).join(' ');
}

describe('The worst operations that are allowed', () => {
  let upstream: ScriptedUpstream;
  let gateway: MeteredGateway;
  let texts = 0;

  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), url.includes(LONG) ? LENGTH : 1000) }));
    gateway = await startMeteredGateway({ CACHE_TTL_SECONDS: '0', BILLING_API_URL: upstream.url });
    // Operations are compiled for an accepted token alone.
    await ask({ query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate } } }' });
  }, 120_000);

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  async function ask(body: object): Promise<number> {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer a-token' };
    return (await gateway.ask({ method: 'POST', path: '/graphql', headers, body: JSON.stringify(body) })).status;
  }

  /**
   * The longest turn of these runs, each measured by itself. All are tried again while one takes too long a turn, and the least of each
   * counts: what else runs on the machine only adds to it.
   */
  async function leastOf(...runs: readonly (() => Promise<void>)[]): Promise<number> {
    const least = runs.map(() => Infinity);
    for (let round = 0; Math.max(...least) > MAX_TURN_MS && round < 16; round++) {
      await gateway.measure();
      for (const [index, run] of runs.entries()) {
        await run();
        least[index] = Math.min(least[index]!, (await gateway.measure()).turnMs);
      }
    }
    return Math.max(...least);
  }

  const askAllowed = async (name: string, body: object): Promise<void> =>
    expect([name, [200, 400].includes(await ask(body))]).toEqual([name, true]);

  async function findLong(measure: (name: string, body: { readonly query: string }) => Promise<number>) {
    const long: [string, number][] = [];
    for (const [name, body] of Object.entries(WORST_OPERATIONS)) {
      const turnMs = await measure(name, body as { readonly query: string });
      if (turnMs > MAX_TURN_MS) long.push([name, turnMs]);
    }
    return long;
  }

  it('take no turn of the event loop of more than 100 ms of CPU where they read through a list of 50,000 invoices', async () => {
    const long: [string, number][] = [];
    for (const [name, selection] of Object.entries(LONG_LIST_OPERATIONS)) {
      const toQuery = (): string =>
        `{ customer(idType: "RUC", id: "80012345") { contract(number: "${LONG}") { ${selection} } } } # ${texts++}`;
      const turnMs = await leastOf(() => askAllowed(name, { query: toQuery() }));
      if (turnMs > MAX_TURN_MS) long.push([name, turnMs]);
    }
    expect(long).toEqual([]);
  }, 600_000);

  it('take none either when they are new, when they are compiled, and ever after', async () => {
    const runAsNew = async (name: string, { query, ...others }: { readonly query: string }): Promise<number> => {
      let body = { ...others, query };
      // Known from its first run on, it is compiled in its second.
      const compiled = await leastOf(
        async () => {
          body = { ...others, query: `${query} # ${texts++}` };
          await askAllowed(name, body);
        },
        () => askAllowed(name, body),
      );
      return Math.max(compiled, await leastOf(() => askAllowed(name, body)));
    };
    expect(await findLong(runAsNew)).toEqual([]);
  }, 600_000);
});
