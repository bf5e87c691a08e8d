// Apollo's gateway in front of the supergraph. Run on its own: node apollo-router.cjs --supergraph FILE [--port 4100]

// The gateway would report its use to Apollo; an example must not.
process.env.APOLLO_TELEMETRY_DISABLED = '1';

const { readFileSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { ApolloGateway, RemoteGraphQLDataSource } = require('@apollo/gateway');
const { ApolloServer } = require('@apollo/server');
const { startStandaloneServer } = require('@apollo/server/standalone');
const { forwardedHeaders } = require('./forwarded-headers.cjs');

/** Starts the router over a composed supergraph; port 0 is any free one. */
async function startApolloRouter(supergraphSdl, port = 0) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ name, url }) =>
      new RemoteGraphQLDataSource({
        url,
        // Nothing is passed on unless it is said here: without this, the billing subgraph answers 401.
        willSendRequest: ({ request, context }) => {
          for (const header of forwardedHeaders(name)) {
            const value = context.headers?.[header];
            if (typeof value === 'string') request.http.headers.set(header, value);
          }
        },
      }),
  });
  const server = new ApolloServer({ gateway, includeStacktraceInErrorResponses: false, stopOnTerminationSignals: false });
  const { url } = await startStandaloneServer(server, {
    listen: { host: '127.0.0.1', port },
    context: ({ req }) => Promise.resolve({ headers: req.headers }),
  });
  return { url, close: () => server.stop() };
}

module.exports = { startApolloRouter };

if (require.main === module) {
  const { values } = parseArgs({ options: { supergraph: { type: 'string' }, port: { type: 'string', default: '4100' } } });
  void startApolloRouter(readFileSync(values.supergraph, 'utf8'), Number(values.port)).then(({ url }) =>
    console.log(`The router is at ${url}`),
  );
}
