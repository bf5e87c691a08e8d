import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { createApp } from '../../../src/app';
import { parseConfig, type Environment } from '../../../src/config/config';
import { createLog } from '../../../src/telemetry/logs/log';
import { good, withScript } from '../../support/scripted-gateway';
import type { ScriptedAnswer } from '../../support/scripted-upstream';
import { ERROR_CODES, type BillingError, type ErrorCode } from './error-codes';
import { toReaction, type Reaction } from './reaction';

const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "1") { dueDate } } }';
const TOKEN = { authorization: 'Bearer a-token' };

/** How a code is provoked, and what the app does then. */
interface Provocation {
  readonly upstream?: ScriptedAnswer;
  readonly environment?: Environment;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Whether another request of the same kind is under way, and stays so. */
  readonly isBusy?: boolean;
  readonly status: number;
  readonly reaction: Reaction;
}

const PROVOCATIONS: Readonly<Record<Exclude<ErrorCode, 'INTERNAL_SERVER_ERROR'>, Provocation>> = {
  UNAUTHENTICATED: { upstream: { status: 401 }, status: 200, reaction: { do: 'renew-token' } },
  FORBIDDEN: { upstream: { status: 403 }, status: 200, reaction: { do: 'show', message: expect.any(String) as string } },
  BAD_USER_INPUT: {
    upstream: { status: 400, body: { error: { message: 'The contract is closed.' } } },
    status: 200,
    reaction: { do: 'show', message: expect.stringContaining('The contract is closed.') as string },
  },
  RATE_LIMITED: { upstream: { status: 429, headers: { 'retry-after': '7' } }, status: 200, reaction: { do: 'wait', seconds: 7 } },
  UPSTREAM_TIMEOUT: {
    upstream: { hang: 'before-headers' },
    headers: { ...TOKEN, 'x-request-timeout-ms': '50' },
    status: 200,
    reaction: { do: 'offer-retry' },
  },
  UPSTREAM_UNAVAILABLE: { upstream: { status: 503 }, status: 200, reaction: { do: 'offer-retry' } },
  UPSTREAM_INVALID_RESPONSE: {
    upstream: { body: '<p>maintenance</p>' },
    status: 200,
    reaction: { do: 'report', what: expect.any(String) as string },
  },
  UPSTREAM_BUDGET_EXCEEDED: {
    environment: { UPSTREAM_CALL_BUDGET: '2' },
    body: { query: '{ customer(idType: "RUC", id: "80012345") { contracts(numbers: ["1", "2", "3"]) { dueDate } } }' },
    status: 400,
    reaction: { do: 'ask-for-less', limit: 2 },
  },
  RESULT_LIMIT_EXCEEDED: {
    environment: { MAX_RESULTS: '5' },
    body: { query: '{ customer(idType: "RUC", id: "80012345") { contracts(numbers: ["1", "1", "1", "1"]) { dueDate } } }' },
    status: 400,
    reaction: { do: 'ask-for-less', limit: 5 },
  },
  GRAPHQL_PARSE_FAILED: { body: { query: '{ customer(' }, status: 400, reaction: { do: 'report', what: expect.any(String) as string } },
  GRAPHQL_VALIDATION_FAILED: {
    body: { query: '{ customers }' },
    status: 400,
    reaction: { do: 'report', what: expect.any(String) as string },
  },
  PERSISTED_QUERY_NOT_FOUND: {
    body: { extensions: { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } } },
    status: 200,
    reaction: { do: 'send-text' },
  },
  BAD_REQUEST: { body: [{ query: QUERY }, { query: QUERY }], status: 400, reaction: { do: 'report', what: expect.any(String) as string } },
  OPERATION_RESOLUTION_FAILURE: {
    body: { query: 'query A { __typename } query B { __typename }' },
    status: 400,
    reaction: { do: 'report', what: expect.any(String) as string },
  },
  OVERLOADED: {
    upstream: { hang: 'before-headers' },
    environment: { MAX_CONCURRENT_REQUESTS: '1' },
    isBusy: true,
    status: 503,
    reaction: { do: 'wait', seconds: 1 },
  },
};

async function post(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>> = TOKEN,
): Promise<{ status: number; errors: readonly BillingError[] }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const { errors = [] } = (await response.json()) as { errors?: BillingError[] };
  return { status: response.status, errors };
}

/** What the compiler says of reaction.ts with this text of error-codes.ts. */
function compile(errorCodes: string): string[] {
  const usual = ts.createCompilerHost({});
  const host: ts.CompilerHost = {
    ...usual,
    getSourceFile: (name, target) =>
      name.endsWith('client/error-codes.ts') ? ts.createSourceFile(name, errorCodes, target) : usual.getSourceFile(name, target),
  };
  const program = ts.createProgram(
    [join(__dirname, 'reaction.ts')],
    { strict: true, noEmit: true, types: [], lib: ['lib.es2022.d.ts'] },
    host,
  );
  return program.getSemanticDiagnostics().map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('An error that a front end meets', () => {
  it.each(Object.entries(PROVOCATIONS))(
    'has the code %s where it is provoked, and the app knows what to do',
    async (code, { upstream, environment, headers, body, isBusy, status, reaction }) => {
      await withScript(
        (request) => upstream ?? good(request),
        async ({ gateway, upstream: billingApi }) => {
          const ask = () => post(gateway.url, body ?? { query: QUERY }, headers);
          if (isBusy) {
            ask().catch(() => undefined);
            await billingApi.waitForRequests(1);
          }
          const answer = await ask();
          expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual([code]);
          expect([answer.status, toReaction(answer.errors[0]!)]).toEqual([status, reaction]);
        },
        environment,
      );
    },
  );

  it('has HTTP 401 and the same code where no token was sent', async () => {
    await withScript(good, async ({ gateway, upstream }) => {
      const { status, errors } = await post(gateway.url, { query: QUERY }, {});
      expect([status, errors.map(toReaction), upstream.requests.length]).toEqual([401, [{ do: 'renew-token' }], 0]);
    });
  });

  it('says for how long to wait while the circuit breaker is open', async () => {
    await withScript(
      () => ({ status: 503 }),
      async ({ gateway }) => {
        for (let attempt = 0; attempt < 10; attempt += 1) await post(gateway.url, { query: QUERY });
        const { errors } = await post(gateway.url, { query: QUERY });
        expect(errors.map(toReaction)).toEqual([{ do: 'wait', seconds: expect.any(Number) }]);
      },
    );
  });

  it("has the code INTERNAL_SERVER_ERROR where the fault is the gateway's, and an id to report", async () => {
    const config = parseConfig({ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: '0' });
    // A mistake in the wiring, which no type would let pass: comparing with a symbol throws a TypeError.
    const app = await createApp({ ...config, maxResults: Symbol('broken') as unknown as number }, createLog('silent'));
    const { errors } = await post(
      app.url,
      { query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { invoices { nodes { number } } } } }' },
      { authorization: `Bearer ${app.billingApi!.issueToken()}` },
    );
    await app.close();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(toReaction(errors[0]!)).toEqual({ do: 'report', what: errors[0]!.extensions.errorId });
  });

  it('has one of the codes that the documentation lists', () => {
    const page = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8');
    const section = page.slice(page.indexOf('## Error codes\n'), page.indexOf('## Absent or failed'));
    expect([...section.matchAll(/^\| `([A-Z_]+)` /gm)].map(([, code]) => code).sort()).toEqual([...ERROR_CODES].sort());
    expect(Object.keys(PROVOCATIONS)).toHaveLength(ERROR_CODES.length - 1);
  });

  it('would not compile where a code of the list has no branch', () => {
    const errorCodes = readFileSync(join(__dirname, 'error-codes.ts'), 'utf8');
    expect(compile(errorCodes)).toEqual([]);
    expect(compile(errorCodes.replace("'FORBIDDEN',", "'FORBIDDEN', 'TEAPOT',"))).toEqual([
      `Type '"TEAPOT"' is not assignable to type 'never'.`,
    ]);
  });

  it('is reported where its code is none of the list, as it may be with a gateway that is newer', () => {
    expect(toReaction({ message: 'm', extensions: { code: 'TEAPOT' as ErrorCode } })).toEqual({ do: 'report', what: 'TEAPOT: m' });
  });
});
