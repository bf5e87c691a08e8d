import type { ApolloServerPlugin, GraphQLRequestContextWillSendResponse } from '@apollo/server';
import { monotonicMs } from '../../runtime/clock';
import type { Caller } from '../../billing/model/caller';
import { toBillingTrace, toDetailedTrace, toDryRunTrace, type Pseudonym } from './billing-trace';
import { toCacheHeaders } from './cache-policy';
import type { GatewayContext } from '../context/context';
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
