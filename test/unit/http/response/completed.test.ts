import { GraphQLError, type FormattedExecutionResult } from 'graphql';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Billing } from '../../../../src/billing/billing';
import type { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import type { GatewayContext } from '../../../../src/graphql/context/context';
import { createErrorFormatter } from '../../../../src/graphql/context/errors';
import { ResultMeter, type ResultLimits } from '../../../../src/graphql/context/result-meter';
import { CallBudget } from '../../../../src/graphql/limits/call-budget';
import { Exchange } from '../../../../src/http/request/exchange';
import {
  completeErrors,
  completeExecuted,
  NO_COST,
  toCodes,
  toOutcome,
  type Completed,
  type CompleteOptions,
} from '../../../../src/http/response/completed';
import { AcceptedTokenSet } from '../../../../src/upstream/resilience/accepted-tokens';
import { ListedSource, startOperation } from '../../../support/listed-source';

const HEAD = { status: 200, headers: ['x-own', '1'] };
const PAGING = { mode: 'offset', maxQuantity: 10 } as const;
const pageLimits = { maxPageSize: 10 };
const options: CompleteOptions = {
  extensions: {
    callBudget: new CallBudget({ paging: PAGING, pageLimits }),
    pseudonyms: () => {
      throw new Error('nobody is named here');
    },
  },
  formatError: createErrorFormatter(() => undefined),
};

const request = new IncomingMessage(new Socket());
const arrival = { request, response: new ServerResponse(request), body: Buffer.alloc(0), caller: null, isAccepted: false, startedMs: 0 };
const exchange = new Exchange(arrival, { acceptedTokens: new AcceptedTokenSet(), hasPage: false });

function toContext(limits: Partial<ResultLimits>, changed: Partial<GatewayContext>): GatewayContext {
  return {
    requestId: 'an-id',
    traceId: null,
    trace: null,
    startedMs: 0,
    billing: null,
    standing: exchange,
    proving: null,
    pageLimits,
    requested: null,
    callBudget: 10,
    results: new ResultMeter({ maxResults: 1e6, maxAnswerBytes: 1e6, ...limits }),
    traced: false,
    report: null,
    dryRun: false,
    inPages: false,
    ...changed,
  };
}

const complete = async (
  result: FormattedExecutionResult,
  limits: Partial<ResultLimits> = {},
  changed: Partial<GatewayContext> = {},
): Promise<Completed> => {
  const subject = { exchange, path: 'reference', operation: null, context: toContext(limits, changed) } as const;
  return completeExecuted(subject, result, HEAD, { requested: null, options });
};
const parse = ({ body }: Completed): unknown => JSON.parse(String(body));

/** A result with this many objects, the root among them. */
const toData = (objects: number) => ({ list: Array.from({ length: objects - 1 }, (_, index) => ({ name: `ñ${index}` })) });
const billingOf = (operation: BillingOperation): Billing => new Billing(new ListedSource({ total: 3 }), operation, PAGING);

describe('The response to an operation that graphql-js has executed', () => {
  const errors = [{ message: 'gone', path: ['list'], extensions: { code: 'UPSTREAM_TIMEOUT' } }];

  it.each([3, 500, 501, 2000])('has its members in the order of Apollo Server, however long it is: %d objects', async (objects) => {
    const data = toData(objects);
    for (const result of [{ data }, { errors, data }, { errors: [], data, extensions: { a: 1 } }, { errors, data, extensions: { a: 1 } }]) {
      const completed = await complete(result);
      const listed = result.errors?.length ? result.errors : undefined;
      expect(String(completed.body)).toBe(`${JSON.stringify({ errors: listed, data, extensions: result.extensions })}\n`);
      expect(completed).toMatchObject({ ...HEAD, outcome: listed ? 'partial' : 'ok', codes: listed ? ['UPSTREAM_TIMEOUT'] : [] });
    }
  });

  it('has no data where nothing was executed, and null where an error has come up to the root', async () => {
    expect(await complete({ errors })).toMatchObject({ body: Buffer.from(`${JSON.stringify({ errors })}\n`), outcome: 'refused' });
    expect(await complete({ errors, data: null })).toMatchObject({ outcome: 'failed' });
  });

  it.each([10, 600])('is an error where it has more objects than it may, and only then: %d objects', async (objects) => {
    const data = toData(objects);
    expect(parse(await complete({ data }, { maxResults: objects }))).toEqual({ data });
    const refused = await complete({ data }, { maxResults: objects - 1 });
    const extensions = { code: 'RESULT_LIMIT_EXCEEDED', results: objects, maxResults: objects - 1 };
    expect(refused).toMatchObject({ status: 400, headers: [], outcome: 'refused', codes: ['RESULT_LIMIT_EXCEEDED'] });
    expect(parse(refused)).toEqual({ errors: [expect.objectContaining({ extensions })] });
  });

  it.each([10, 600])('is an error where it has more bytes than it may, and only then: %d objects', async (objects) => {
    for (const result of [{ data: toData(objects) }, { errors, data: toData(objects), extensions: { a: 1 } }]) {
      const bytes = Buffer.byteLength(JSON.stringify(result)) + 1;
      expect(parse(await complete(result, { maxAnswerBytes: bytes }))).toEqual(result);
      const refused = await complete(result, { maxAnswerBytes: bytes - 1 });
      expect([refused.status, refused.codes]).toEqual([400, ['RESULT_LIMIT_EXCEEDED']]);
    }
  });

  it('is the error of a resolver that has found too much already', async () => {
    const results = new ResultMeter({ maxResults: 1, maxAnswerBytes: 1e6 });
    expect(results.take(2)).toBe(false);
    expect((await complete({ data: {} }, {}, { results })).codes).toEqual(['RESULT_LIMIT_EXCEEDED']);
  });

  it('has no data in a dry run, since the loads made it up', async () => {
    expect(parse(await complete({ data: toData(3) }, {}, { dryRun: true }))).toEqual({ data: null });
  });

  it('reports its cost and its times where that is asked for, and not where it is refused', async () => {
    const traced = { traced: true, billing: billingOf(startOperation()) };
    const completed = await complete({ data: {}, extensions: { a: 1 } }, {}, traced);
    expect(parse(completed)).toEqual({ data: {}, extensions: { a: 1, billing: { calls: 0, merged: 0, cached: 0, stale: 0 } } });
    expect(completed.headers).toEqual(['x-own', '1', 'server-timing', expect.stringMatching(/^total;dur=/)]);
    expect(completed.cost).toEqual(NO_COST);
    expect((await complete({ data: {} }, { maxResults: 0 }, traced)).headers).toEqual([]);
    expect((await complete({ data: {} }, {}, { ...traced, traced: false })).headers).toEqual(HEAD.headers);
  });
});

describe('The response to a request that is refused', () => {
  it('has the status of its errors, and 500 where they say none', () => {
    const subject = { exchange, path: 'compiled', operation: null, context: null } as const;
    const refuse = (extensions: object): Completed =>
      completeErrors(subject, [new GraphQLError('no', { extensions: { code: 'BAD_REQUEST', ...extensions } })], options.formatError);
    expect(refuse({ http: { status: 405, headers: new Map([['allow', 'GET']]) } })).toMatchObject({
      status: 405,
      headers: ['allow', 'GET'],
    });
    expect(refuse({})).toMatchObject({
      status: 500,
      headers: [],
      outcome: 'refused',
      codes: ['BAD_REQUEST'],
      cost: NO_COST,
      freshness: { freshUntilMs: null, stale: false },
    });
  });
});

describe('What is recorded of a response', () => {
  it('is how it ended, and the codes of its errors once each', () => {
    expect([toOutcome(true, false), toOutcome(true, true), toOutcome(false, true)]).toEqual(['ok', 'partial', 'failed']);
    const of = (code: unknown) => ({ message: '', extensions: { code } });
    expect(toCodes([of('A'), of('B'), of('A'), of(1), { message: '' }])).toEqual(['A', 'B']);
    expect([toCodes([]), toCodes(undefined)]).toEqual([[], []]);
  });
});
