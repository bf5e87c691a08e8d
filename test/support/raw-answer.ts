/** A GraphQL response as it is in its body. */
export interface ParsedAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[];
}

/** Parses the body of a GraphQL response. */
export function parseJsonAnswer(text: string): ParsedAnswer {
  return JSON.parse(text) as ParsedAnswer;
}
