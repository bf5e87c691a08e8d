import cases from '../support/billing-api-answers.json';
import { startGateway, type Gateway, type GraphqlAnswer, type Json } from '../support/gateway';
import { startRedis, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

/** A response of the billing API, and what the gateway has to make of it; see the file. */
interface AnswerCase {
  readonly name: string;
  readonly status?: number;
  readonly body?: unknown;
  readonly body_text?: string;
  readonly text?: string;
  readonly bom?: boolean;
  readonly charset?: string;
  readonly data?: unknown;
  readonly errors?: Readonly<Record<string, string>>;
  readonly drift?: string;
}

const CASES = cases.cases as readonly AnswerCase[];
const UNREADABLE_ITEM = 'a member of the list that is no invoice costs its place alone';
/** A header that keeps a request on Apollo Server's path, and changes nothing else. */
const APOLLO_PATH = { 'apollo-federation-include-trace': 'none' };

function toScripted({ status = 200, body, body_text, text, bom, charset }: AnswerCase): ScriptedAnswer {
  const source = text ?? body_text ?? JSON.stringify(body);
  const bytes = Buffer.from(`${bom ? '\uFEFF' : ''}${source}`, charset === undefined ? 'utf8' : 'latin1');
  const type = text === undefined ? 'application/json' : 'text/html';
  return { status, body: bytes, headers: { 'content-type': charset === undefined ? type : `${type}; charset=${charset}` } };
}

/** The errors below the contract, by path. */
function errorsOf(answer: GraphqlAnswer): Record<string, unknown> {
  return Object.fromEntries(answer.errors.map(({ path, extensions }) => [(path ?? []).slice(2).join('.'), extensions?.['code']]));
}

function expectOutcome(answer: GraphqlAnswer, { name, data, errors = {} }: AnswerCase): void {
  const contract: Json = answer.data?.customer.contract;
  if (name === UNREADABLE_ITEM) {
    // The items of `nodes` cannot be null, so it is each of the item's fields that fails.
    const fields = ['number', 'contractNumber', 'billPeriod', 'amount', 'status'];
    expect(errorsOf(answer)).toEqual(Object.fromEntries(fields.map((field) => [`invoices.nodes.0.${field}`, 'UPSTREAM_INVALID_RESPONSE'])));
    expect(contract.invoices.nodes).toMatchObject([{ number: null }, { number: 'B', amount: 2, status: true }]);
    return;
  }
  expect(errorsOf(answer)).toEqual(errors);
  if (data === null) expect(contract).toBeNull();
  else if (data !== undefined) expect(contract).toMatchObject(data);
}

describe('Responses of billing APIs as they are met in use', () => {
  let upstream: ScriptedUpstream;
  let redis: RedisServer;
  let uncached: Gateway;
  let cached: Gateway;
  let shared: Gateway;
  let current: AnswerCase;
  /** How many of three requests Redis has answered, for each case that may be cached. */
  const answersOfRedis: number[] = [];

  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => toScripted(current));
    redis = await startRedis();
    const settings = { BILLING_API_URL: upstream.url, BILLING_API_RETRIES: '0' };
    uncached = await startGateway(settings);
    cached = await startGateway({ ...settings, CACHE_TTL_SECONDS: '30' });
    shared = await startGateway({ ...settings, CACHE_TTL_SECONDS: '30', REDIS_URL: redis.url, CACHE_SECRET: 'x'.repeat(40) });
    current = CASES.find(({ name }) => name.startsWith('no list at all')) as AnswerCase;
    // The compiled path takes an operation that Apollo Server has run.
    for (const gateway of [uncached, cached, shared]) await gateway.query(cases.query, {}, { token: 'warm-up' });
  });
  afterAll(async () => {
    for (const gateway of [uncached, cached, shared]) await gateway.close();
    await upstream.close();
    await redis.close();
  });

  it.each(CASES.map((each, index) => ({ ...each, index })))('$name', async (each) => {
    current = each;
    for (const [kind, gateway] of Object.entries({ uncached, cached, shared })) {
      const token = `token-of-${kind}-${each.index}`;
      const callsBefore = upstream.requests.length;
      for (const headers of [{}, APOLLO_PATH, {}]) expectOutcome(await gateway.query(cases.query, {}, { token, headers }), each);
      // What fails as a whole, or in a list, is not cached; what is cached says the same again.
      const isFailed = Object.keys(each.errors ?? {}).some((path) => path === '' || path === 'invoices');
      const calls = upstream.requests.length - callsBefore;
      const least = kind === 'uncached' || isFailed ? 3 : 1;
      // A busy machine's Redis may be late, and is not waited for.
      if (kind !== 'shared') expect(calls).toBe(least);
      else expect([...Array(4).keys()].slice(least)).toContain(calls);
      if (kind === 'shared' && least < 3) answersOfRedis.push(3 - calls);
    }
    if (each.drift !== undefined) {
      const [kind, path] = each.drift.split(' ') as [string, string];
      const metrics = await (await fetch(`${uncached.url}/metrics`)).text();
      expect(metrics).toContain(`billing_gateway_contract_drift_total{kind="${kind}",path="${path}"}`);
    }
  });

  it('are read from Redis where they are shared', () => {
    expect(answersOfRedis.length).toBeGreaterThan(10);
    expect(answersOfRedis.filter((count) => count > 0).length).toBeGreaterThan(answersOfRedis.length / 2);
  });

  it('tell a firewall from a refusal of the billing API, to the client and in the log', async () => {
    current = CASES.find(({ status }) => status === 403) as AnswerCase;
    const { errors } = await uncached.query(cases.query, {}, { token: 'firewall' });
    expect(errors[0]?.message).toBe('The request was refused on its way to the billing API. Try again later.');
    expect(uncached.logLines.some((line) => line.includes('403 without an errorBody'))).toBe(true);
  });

  it('are logged at warn where a 404 is no answer of the billing API', () => {
    const lines = uncached.logLines.filter((line) => line.includes('the body of a 404 is neither empty nor an errorBody'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 40 });
  });
});
