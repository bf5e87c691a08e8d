/** The methods that GraphQL is asked by: GET, POST, and QUERY (RFC 10008), which is a POST that reads only. */
export const ALLOWED_METHODS = 'GET, POST, QUERY';

/** The error message for any other method. */
export const WRONG_METHOD = 'GraphQL is asked by GET, POST or QUERY.';

/** The media type that a QUERY may have, as a list of structured fields (RFC 10008, section 3). */
export const ACCEPT_QUERY = ['accept-query', 'application/json'] as const;

/** Whether a request brings its operation in its body. */
export function hasOperationInBody(method: string | undefined): boolean {
  return method === 'POST' || method === 'QUERY';
}

/** Whether a client's cache may use the response to the method for later requests that are the same (RFC 9110, section 9.2.3). */
export function isCacheable(method: string | undefined): boolean {
  return method === 'GET' || method === 'QUERY';
}
