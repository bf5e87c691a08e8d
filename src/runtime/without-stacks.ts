/**
 * Makes errors that have no stack, such as expected failures, whose messages say it all: recording one, and making the text that
 * graphql-js asks for, takes longer than the rest of such a response.
 */
export function withoutStacks<Made>(make: () => Made): Made {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
