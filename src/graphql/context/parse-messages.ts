/**
 * The message for a document that could not be parsed: graphql-js's own, except for the two that are about limits and do
 * not say what to do.
 */
export function toParseMessage(message: string): string {
  const maxTokens = /^Syntax Error: Document contains more that (\d+) tokens\. Parsing aborted\.$/.exec(message)?.[1];
  if (maxTokens !== undefined)
    return (
      `The document has more than the ${maxTokens} tokens that are allowed (MAX_TOKENS). Pass lists as ` +
      `variables, or split the operation.`
    );
  // The parser is recursive: a RangeError of the engine's is how it ends on thousands of brackets in one another.
  if (message.includes('call stack')) return 'The document is nested too deeply to be read.';
  return message;
}
