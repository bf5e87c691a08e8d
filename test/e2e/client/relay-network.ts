import { Network, type FetchFunction, type GraphQLResponse } from 'relay-runtime';

/** The network layer of a Relay environment. `id` names a persisted document, where relay-compiler persists them; `text` is null then. */
export function createRelayNetwork(url: string, token: () => string): ReturnType<typeof Network.create> {
  const ask: FetchFunction = async ({ id, text }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token()}` },
      body: JSON.stringify(text === null ? { documentId: id, variables } : { query: text, variables }),
    });
    // Whatever the HTTP status is, the body says what happened.
    return (await response.json()) as GraphQLResponse;
  };
  return Network.create(ask);
}
