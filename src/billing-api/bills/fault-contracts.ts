import type { FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiFailure, toErrorJson } from '../errors/api-failure';
import { toBillsJson } from '../data/bills-collection';
import { toCanonicalDigits } from '../data/ledger';
import { toManyPages, toSlowContract } from '../data/fault-data';
import type { BillQuery } from './bill-query';

/** A contract number at which the API misbehaves on purpose, for those who write clients. */
export interface FaultContract {
  readonly contractNo: string;
  /** What the API does. */
  readonly does: string;
  /** What a client of the gateway gets. */
  readonly clientGets: string;
  /**
   * Answers a call for the contract: with an `ApiFailure` or a text, or by itself and nothing returned.
   * `closing` aborts when the API stops, which ends the wait.
   */
  readonly answer: (call: FaultCall) => FaultAnswer | Promise<FaultAnswer>;
}

/** A call for a fault contract. */
export interface FaultCall {
  readonly query: BillQuery;
  readonly request: FastifyRequest;
  readonly closing: AbortSignal;
}

/** A status with a body as it is; null where the connection was closed without an answer. */
export interface FaultAnswer {
  readonly status: number;
  readonly body: string;
}

/** The slow contract answers after this time, in milliseconds: well within the gateway's default time-out of 5 s. */
const SLOW_MS = 2000;
/** Longer than any client waits, so that "never answers" needs no timer that lasts for ever. */
const NEVER_MS = 3_600_000;

const json = (body: string, status = 200): FaultAnswer => ({ status, body });

function refuse(
  status: number,
  code: ApiFailure['code'],
  message: string,
  headers?: Readonly<Record<string, string>>,
): FaultContract['answer'] {
  return () => {
    throw new ApiFailure(status, code, message, headers);
  };
}

/** Waits, unless the client leaves or the API stops. */
async function wait(ms: number, { request, closing }: FaultCall): Promise<void> {
  const gone = new AbortController();
  request.raw.socket.once('close', () => gone.abort());
  await delay(ms, undefined, { signal: AbortSignal.any([closing, gone.signal]), ref: false }).catch(() => undefined);
}

/** All fault contracts, in the order in which they are documented (`docs/faults.md`). Any customer that a token may read has them. */
export const FAULT_CONTRACTS: readonly FaultContract[] = [
  {
    contractNo: '990400',
    does: '400 with an errorBody',
    clientGets: "`BAD_USER_INPUT`, with the API's message",
    answer: refuse(400, 'BAD_REQUEST', 'This contract number stands for a request that is refused.'),
  },
  {
    contractNo: '990401',
    does: '401, as for a token that has expired',
    clientGets: '`UNAUTHENTICATED` with HTTP 200, for the rest of the operation too; cached answers of the token are forgotten',
    answer: refuse(401, 'UNAUTHORIZED', 'The access token is missing, not ours, or has expired.', {
      'www-authenticate': 'Bearer error="invalid_token"',
    }),
  },
  {
    contractNo: '990403',
    does: '403 with an errorBody',
    clientGets: '`FORBIDDEN`',
    answer: refuse(403, 'FORBIDDEN', 'The client may not read the bills of this contract.'),
  },
  {
    contractNo: '990404',
    does: '404 with an errorBody: there is no such contract',
    clientGets: '`null`, and no error',
    answer: refuse(404, 'NOT_FOUND', 'The customer has no such contract.'),
  },
  {
    contractNo: '990405',
    does: "404 with an HTML page, as a proxy's",
    clientGets: '`null` and `UPSTREAM_INVALID_RESPONSE`',
    answer: () => ({ status: 404, body: '<!DOCTYPE html><title>404 Not Found</title><h1>Not Found</h1>' }),
  },
  {
    contractNo: '990429',
    does: '429 with `Retry-After: 30`',
    clientGets: '`RATE_LIMITED` with `retryAfterSeconds: 30`; other calls of the token wait as well',
    answer: refuse(429, 'TOO_MANY_REQUESTS', 'The quota of the client is used up.', { 'retry-after': '30' }),
  },
  {
    contractNo: '990500',
    does: '500',
    clientGets: '`UPSTREAM_UNAVAILABLE`',
    answer: refuse(500, 'INTERNAL_ERROR', 'The request could not be served.'),
  },
  {
    contractNo: '990503',
    does: '503, each time it is tried again',
    clientGets: '`UPSTREAM_UNAVAILABLE`, after the retries',
    answer: refuse(503, 'INTERNAL_ERROR', 'The service is down for maintenance.'),
  },
  {
    contractNo: '990504',
    does: 'never answers',
    clientGets: '`UPSTREAM_TIMEOUT`, after `BILLING_API_TIMEOUT_MS` and the retries, or `REQUEST_DEADLINE_MS`',
    answer: async (call) => {
      await wait(NEVER_MS, call);
      throw new ApiFailure(503, 'INTERNAL_ERROR', 'The billing API is stopping.');
    },
  },
  {
    contractNo: '990520',
    does: 'closes the connection instead of answering',
    clientGets: '`UPSTREAM_UNAVAILABLE`, after the retries',
    answer: ({ request }) => {
      request.raw.socket.destroy();
      return json('');
    },
  },
  {
    contractNo: '990200',
    does: '200 with a body that is cut off',
    clientGets: '`UPSTREAM_INVALID_RESPONSE`',
    answer: () => json('{"contractNo":"990200","invoiceCollection":[{"invoiceNumber":"00'),
  },
  {
    contractNo: '990201',
    does: '200 with the bills of another contract',
    clientGets: '`UPSTREAM_INVALID_RESPONSE`: never the other contract',
    answer: () => json(toBillsJson({ contractNo: '990202', invoiceCollection: [{ invoiceContractNo: '990202', invoiceNumber: '1' }] })),
  },
  {
    contractNo: '990203',
    does: '200 with an `error` in place of bills',
    clientGets: '`UPSTREAM_INVALID_RESPONSE`: never an empty list',
    answer: () => json(toErrorJson('INTERNAL_ERROR', 'The bills could not be read.')),
  },
  {
    contractNo: '990002',
    does: `answers after ${SLOW_MS / 1000} seconds`,
    clientGets: 'the contract with three invoices, late: for spinners and skeletons',
    answer: async (call) => {
      await wait(SLOW_MS, call);
      return json(toBillsJson(toSlowContract('990002', call.query)));
    },
  },
  {
    contractNo: '990999',
    does: 'has 200,000 invoices: 10,000 pages of 20',
    clientGets: 'any page; `invoice(number: "0")` ends with `UPSTREAM_BUDGET_EXCEEDED` after 100 calls',
    answer: ({ query }) => json(toBillsJson(toManyPages('990999', query))),
  },
];

/** Answers with a fault. Resolves to false where the contract has none. */
export async function answerFault(reply: FastifyReply, faults: ReadonlyMap<string, FaultContract>, call: FaultCall): Promise<boolean> {
  const fault = call.query.contractNumber === undefined ? undefined : faults.get(toCanonicalDigits(call.query.contractNumber));
  if (!fault) return false;
  const { status, body } = await fault.answer(call);
  void reply.code(status).type('application/json; charset=utf-8').send(body);
  return true;
}
