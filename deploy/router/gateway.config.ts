// Hive Gateway in the place of Apollo Router: hive-gateway supergraph, in this folder.
import { defineConfig } from '@graphql-hive/gateway';

const TRACING = ['traceparent', 'tracestate'];

export const gatewayConfig = defineConfig({
  supergraph: './supergraph.graphql',
  port: 4100,
  propagateHeaders: {
    // Hive Gateway forwards nothing by itself. The token goes to the billing subgraph only.
    fromClientToSubgraphs({ request, subgraphName }) {
      const names = subgraphName.toLowerCase() === 'billing' ? ['authorization', ...TRACING] : TRACING;
      return Object.fromEntries(names.flatMap((name) => (request.headers.has(name) ? [[name, request.headers.get(name)]] : [])));
    },
  },
});
