import type { Explorer, ExplorerOptions } from './explorer';
import { createGraphiql } from './explorer-graphiql';
import { createSandbox } from './explorer-sandbox';

/** Makes the explorer; null where there is none. */
export function createExplorer(options: ExplorerOptions | null): Explorer | null {
  switch (options?.kind) {
    case undefined:
      return null;
    case 'sandbox':
      return createSandbox(options);
    case 'graphiql':
      return createGraphiql(options);
  }
}
