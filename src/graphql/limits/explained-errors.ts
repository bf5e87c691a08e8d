import type { GraphQLError } from 'graphql';

/** Directives for incremental delivery. */
const INCREMENTAL: ReadonlySet<string> = new Set(['defer', 'stream']);

/** Directives that client libraries remove from documents before sending: those of Apollo Client, urql, Relay and Houdini. */
const OF_CLIENTS: ReadonlySet<string> = new Set(
  (
    'client connection export nonreactive unmask rest ' +
    '_optional _required _relayPagination _simplePagination populate ' +
    'argumentDefinitions arguments refetchable relay inline catch required throwOnFieldError alias updatable assignable ' +
    'list paginate loading cache mask_enable mask_disable with'
  ).split(' '),
);

/** Adds advice to the error for an unknown directive that is known from elsewhere. */
export function explain(error: GraphQLError): GraphQLError {
  const name = /^Unknown directive "@(\w+)"\.$/.exec(error.message)?.[1];
  if (name === undefined) return error;
  if (INCREMENTAL.has(name))
    error.message =
      `The directive "@${name}" is not supported: a response comes in one piece. Leave it out, and ask for what may come later by ` +
      'an operation of its own.';
  else if (OF_CLIENTS.has(name))
    error.message =
      `The directive "@${name}" is meant for a client library, and must not be sent: the library takes it out of the document where it ` +
      'is set up for that.';
  return error;
}
