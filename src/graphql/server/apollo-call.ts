import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { IncomingMessage } from 'node:http';
import type { RequestedOperation } from '../analysis/requested-operation';

/** What Apollo Server found a request to be about: a valid document, and the operation in it that was asked for. */
export interface FoundOperation {
  /** The document's text. */
  readonly source: string;
  /** Of the text. */
  readonly hash: string;
  readonly requested: RequestedOperation;
}

/** A request on its way through Apollo Server, and what that found out about it on the way. */
export class ApolloCall implements HTTPGraphQLRequest {
  readonly method: string;
  readonly headers: HeaderMap;
  readonly search: string;
  readonly body: unknown;
  /** Null where the request was refused before its operation was found. */
  found: FoundOperation | null = null;

  /** @param body as it was parsed; Apollo Server looks at it only where the request is not well formed. */
  constructor({ method = 'GET', headers, url = '' }: IncomingMessage, body: unknown) {
    // Apollo Server knows no QUERY, whose rules are those of POST.
    this.method = method === 'QUERY' ? 'POST' : method;
    this.headers = new HeaderMap();
    for (const name in headers) {
      const value = headers[name];
      if (value) this.headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const at = url.indexOf('?');
    this.search = at < 0 ? '' : url.slice(at);
    this.body = body;
  }
}
