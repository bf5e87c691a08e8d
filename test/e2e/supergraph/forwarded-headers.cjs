/** The client's headers that a router passes on to a subgraph: the bearer token to the one that needs it, and to no other. */
function forwardedHeaders(subgraph) {
  const tracing = ['traceparent', 'tracestate'];
  return subgraph === 'billing' ? ['authorization', ...tracing] : tracing;
}

module.exports = { forwardedHeaders };
