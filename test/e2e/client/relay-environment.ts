import { Environment, RecordSource, Store } from 'relay-runtime';
import { createRelayNetwork } from './relay-network';

/** A Relay environment in which customers and contracts are identified by `nodeId`; all other records, by their path. */
export function createRelayEnvironment(url: string, token: () => string): Environment {
  return new Environment({
    network: createRelayNetwork(url, token),
    store: new Store(new RecordSource()),
    getDataID: ({ nodeId }: { readonly nodeId?: unknown }) => nodeId,
  });
}
