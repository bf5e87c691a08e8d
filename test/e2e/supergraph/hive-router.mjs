// Hive Gateway in front of the supergraph: a router with a query planner of its own. Its packages are ES modules only,
// so it runs as a process: node hive-router.mjs --supergraph FILE [--port 4100] [--costs]
// With --costs, responses say what the router's demand control reckons with, in extensions.cost.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { toPortProblem } from '../../support/port-problem.cjs';
import { forwardedHeaders } from './forwarded-headers.cjs';

const { values } = parseArgs({
  options: { supergraph: { type: 'string' }, port: { type: 'string', default: '4100' }, costs: { type: 'boolean', default: false } },
});

const router = createGatewayRuntime({
  supergraph: readFileSync(values.supergraph, 'utf8'),
  logging: false,
  landingPage: false,
  ...(values.costs ? { demandControl: { includeExtensionMetadata: true } } : {}),
  propagateHeaders: {
    fromClientToSubgraphs: ({ request, subgraphName }) =>
      Object.fromEntries(
        forwardedHeaders(subgraphName).flatMap((header) => (request.headers.has(header) ? [[header, request.headers.get(header)]] : [])),
      ),
  },
});

const server = createServer(router);
server.once('error', (error) => {
  console.error(toPortProblem(error));
  process.exit(1);
});
server.listen(Number(values.port), '127.0.0.1', () => console.log(`The router is at http://127.0.0.1:${server.address().port}/graphql`));

// The runtime listens to signals for its own ends, which keeps Node from ending at one.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
