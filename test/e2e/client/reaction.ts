import type { BillingError } from './error-codes';

/** What an app does about an error. */
export type Reaction =
  | { readonly do: 'renew-token' }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'offer-retry' }
  | { readonly do: 'show'; readonly message: string }
  | { readonly do: 'ask-for-less'; readonly limit: number | undefined }
  | { readonly do: 'send-text' }
  | { readonly do: 'report'; readonly what: string };

/** One branch for each code of the closed list: the compiler refuses this function where one is missing. */
export function toReaction({ message, extensions }: BillingError): Reaction {
  switch (extensions.code) {
    case 'UNAUTHENTICATED':
      return { do: 'renew-token' };
    case 'RATE_LIMITED':
    case 'OVERLOADED':
      return { do: 'wait', seconds: extensions.retryAfterSeconds ?? 5 };
    case 'UPSTREAM_UNAVAILABLE':
      // It says for how long where it knows: the circuit breaker is open, or too many calls wait.
      return extensions.retryAfterSeconds === undefined ? { do: 'offer-retry' } : { do: 'wait', seconds: extensions.retryAfterSeconds };
    case 'UPSTREAM_TIMEOUT':
      // The gateway has tried as often as its time allowed: now it is the user's turn.
      return { do: 'offer-retry' };
    case 'FORBIDDEN':
    case 'BAD_USER_INPUT':
      return { do: 'show', message };
    case 'UPSTREAM_BUDGET_EXCEEDED':
      return { do: 'ask-for-less', limit: extensions.callBudget };
    case 'RESULT_LIMIT_EXCEEDED':
      return { do: 'ask-for-less', limit: extensions.maxResults ?? extensions.maxAnswerBytes };
    case 'PERSISTED_QUERY_NOT_FOUND':
      return { do: 'send-text' };
    case 'INTERNAL_SERVER_ERROR':
      return { do: 'report', what: extensions.errorId ?? message };
    case 'UPSTREAM_INVALID_RESPONSE':
    case 'GRAPHQL_PARSE_FAILED':
    case 'GRAPHQL_VALIDATION_FAILED':
    case 'OPERATION_RESOLUTION_FAILURE':
    case 'BAD_REQUEST':
      // No user can mend these: they are for whoever looks after the app.
      return { do: 'report', what: message };
    default: {
      const unknown: never = extensions.code;
      return { do: 'report', what: `${String(unknown)}: ${message}` };
    }
  }
}
