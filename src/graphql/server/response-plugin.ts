import type { ApolloServerPlugin, GraphQLRequestContextWillSendResponse } from '@apollo/server';
import { monotonicMs } from '../../runtime/clock';
import type { Caller } from '../../billing/model/caller';
import { toBillingTrace, toDetailedTrace, toDryRunTrace, type Pseudonym } from './billing-trace';
import { toCacheHeaders } from './cache-policy';
import type { GatewayContext } from '../context/context';
import { countObjects } from '../context/result-meter';
import type { CallBudget } from '../limits/call-budget';

/** Adds what the client is told beside the data: how long it may keep the answer, and what the answer cost, or would cost. */
export function answerPlugin(callBudget: CallBudget, pseudonyms: (caller: Caller) => Pseudonym): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: (context) => {
          const { response, contextValue } = context;
          if (response.body.kind !== 'single') return Promise.resolve();
          const result = response.body.singleResult;
          measure(result.data, contextValue);
          const { error } = contextValue.results;
          if (error && 'data' in result) {
            // A part of the data must not look like all of it.
            response.body.singleResult = { errors: [{ message: error.message, extensions: { ...error.extensions, http: undefined } }] };
            response.http.status = 400;
            response.http.headers.set('cache-control', 'no-store');
            return Promise.resolve();
          }
          const headers = toCacheHeaders(contextValue.billing, Boolean(result.errors?.length), monotonicMs());
          for (const name in headers) response.http.headers.set(name, headers[name] as string);
          // What is refused before it is executed has no data, and no cost.
          if (!('data' in result)) return Promise.resolve();
          // Nothing was read: what the loads made up must not be taken for the customer's.
          if (contextValue.dryRun) result.data = null;
          const billing = contextValue.dryRun ? toDryRun(context, callBudget) : toCost(contextValue, pseudonyms);
          if (billing) result.extensions = { ...result.extensions, billing };
          return Promise.resolve();
        },
      }),
  };
}

/** Holds a result of graphql-js to what an operation may return; the compiled execution counts while it writes. */
function measure(data: unknown, { results, dryRun }: GatewayContext): void {
  if (!data || dryRun) return;
  const { maxResults, maxAnswerBytes } = results.limits;
  const objects = countObjects(data, maxResults);
  if (objects > maxResults) results.exceedResults(objects);
  if (results.error) return;
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes > maxAnswerBytes) results.exceedBytes(bytes);
}

function toCost({ billing, traced, report }: GatewayContext, pseudonyms: (caller: Caller) => Pseudonym): object | null {
  if (!billing || !traced) return null;
  return report ? toDetailedTrace(billing, report, pseudonyms(billing.operation.caller)) : toBillingTrace(billing);
}

function toDryRun(
  { schema, document, operation, request, contextValue }: GraphQLRequestContextWillSendResponse<GatewayContext>,
  callBudget: CallBudget,
): object | null {
  if (!document || !operation) return null;
  const prediction = callBudget.predict({ schema, document, operation, variables: request.variables });
  return prediction && toDryRunTrace(prediction, contextValue.callBudget);
}
