import { Gauge, type Registry } from 'prom-client';
import type { ServerObserver, ServerState } from '../observers/server-observer';
import { createTallyCounter } from './tally-counter';

/** Counts what the HTTP server refuses or ends, in a registry. */
export function createServerMetrics(registry: Registry, prefix: string): ServerObserver {
  const shed = createTallyCounter(registry, {
    name: `${prefix}requests_shed_total`,
    help: 'Requests refused with 503 and OVERLOADED because MAX_CONCURRENT_REQUESTS were under way',
    label: 'token',
    constant: { reason: 'concurrency' },
    values: ['accepted', 'unaccepted'],
  });
  const cut = createTallyCounter(registry, {
    name: `${prefix}connections_cut_total`,
    help: 'Connections closed because their clients did not read the response (WRITE_TIMEOUT_MS, MAX_UNSENT_BYTES), or sent too many requests at once',
    label: 'reason',
    values: ['no-progress', 'too-much-unsent', 'too-many-requests'],
  });
  return { requestShed: (token) => shed(token), connectionCut: (reason) => cut(reason) };
}

/** Reads the HTTP server's state at each scrape. */
export function watchServer(registry: Registry, prefix: string, state: () => ServerState): void {
  const gauge = (name: string, help: string, read: (state: ServerState) => number): void => {
    new Gauge({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        this.set(read(state()));
      },
    });
  };
  gauge('requests_under_way', 'Requests received completely and not answered yet', ({ requests }) => requests);
  gauge('unsent_bytes', 'Bytes of responses that clients have not read yet', ({ unsentBytes }) => unsentBytes);
}
