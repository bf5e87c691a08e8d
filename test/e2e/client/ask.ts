import type { TypedDocumentString } from './gql/graphql';

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[];
}

/** Sends one operation. Whatever the HTTP status is, the body says what happened. */
export async function ask<Data, Variables>(
  gateway: { url: string; token: string },
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Answer<Data>> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify({ query: document, variables }),
  });
  return (await response.json()) as Answer<Data>;
}
