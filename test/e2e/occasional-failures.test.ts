import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type RecordedRequest, type ScriptedAnswer } from '../support/scripted-upstream';
import { toAskedBills } from '../support/bills-body';

const QUERY = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';
const CONTRACTS = Array.from({ length: 40 }, (_, index) => String(1000 + index));
const CLIENTS = 5;
const ATTEMPTS = 3;

/** Whether this attempt at a contract fails: one in four do, always the same. */
function fails(contract: string, attempt: number): boolean {
  let hash = Number(contract) * 7 + attempt;
  for (let i = 0; i < 3; i++) hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  return hash % 4 === 0;
}
const LOST = CONTRACTS.filter((contract) => Array.from({ length: ATTEMPTS }, (_, attempt) => attempt).every((n) => fails(contract, n)));

/** The number of requests that the gateway is serving. */
async function requestsUnderWay({ url }: Gateway): Promise<number> {
  return Number(/_requests_under_way (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
}

describe('A billing API that answers some requests with an error, and others with the bills', () => {
  it.each<[string, ScriptedAnswer]>([
    ['503', { status: 503 }],
    ['503 that says when', { status: 503, headers: { 'retry-after': '0' } }],
    ['503, and closes the connection', { status: 503, headers: { connection: 'close' } }],
    ['504', { status: 504 }],
  ])('fails the operations whose call failed each time, all of those that share it, and no other: %s', async (_what, fault) => {
    const attempts = new Map<string, number>();
    let areAllThere: () => void = () => undefined;
    const allThere = new Promise<void>((resolve) => (areAllThere = resolve));
    const upstream = await startScriptedUpstream(async (request: RecordedRequest) => {
      await allThere;
      const contract = toAskedBills(request.url).contractNumber ?? '';
      const attempt = attempts.get(contract) ?? 0;
      attempts.set(contract, attempt + 1);
      return fails(contract, attempt) ? fault : good(request);
    });
    const gateway = await startGateway({ BILLING_API_URL: upstream.url, BILLING_API_TIMEOUT_MS: '60000', REQUEST_DEADLINE_MS: '60000' });
    try {
      const asked = CONTRACTS.flatMap((number) => Array.from({ length: CLIENTS }, () => gateway.query(QUERY, { number })));
      await until(async () => (await requestsUnderWay(gateway)) >= asked.length);
      areAllThere();
      const answers = await Promise.all(asked);
      const codeOf = ({ errors }: GraphqlAnswer): unknown => errors[0]?.extensions?.['code'] ?? 'no error';
      const expected = CONTRACTS.flatMap((number) =>
        Array<string>(CLIENTS).fill(LOST.includes(number) ? 'UPSTREAM_UNAVAILABLE' : 'no error'),
      );
      expect(answers.map(codeOf)).toEqual(expected);
      expect(LOST.map((number) => attempts.get(number))).toEqual(LOST.map(() => ATTEMPTS));
      expect(LOST.length).toBeGreaterThan(0);
    } finally {
      await gateway.close();
      await upstream.close();
    }
  });
});
