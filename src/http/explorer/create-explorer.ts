import type { Explorer, ExplorerOptions } from './explorer';
import { createGraphiql } from './explorer-graphiql';
import { createSandbox } from './explorer-sandbox';

/** Makes the explorer. A browser that opens the root is sent to it. */
export function createExplorer(options: ExplorerOptions): Explorer {
  const explorer = options.kind === 'sandbox' ? createSandbox(options) : createGraphiql(options);
  return {
    ...explorer,
    register: (app) => {
      app.get('/', (_request, reply) => reply.redirect('/graphql', 302));
      explorer.register(app);
    },
  };
}
