import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { GatewayContext } from '../../graphql/context/context';
import { EXAMPLE_QUERIES, type ExampleVariables } from './example-queries';

/** A contract to show in the example query. */
export interface ExplorerExample {
  readonly idType: string;
  readonly id: string;
  readonly contractNumber: string;
}

/** A contract number at which the embedded billing API misbehaves on purpose. */
export interface FaultExample {
  readonly contractNo: string;
  readonly does: string;
}

/** Settings of the explorer. */
export interface ExplorerOptions {
  readonly kind: 'sandbox' | 'graphiql';
  /** Default: a contract that nobody has. */
  readonly example?: ExplorerExample | undefined;
  /** Contract numbers to try errors with; empty where there is no embedded billing API. */
  readonly faults: readonly FaultExample[];
  /** Makes a token of the embedded billing API; null where there is none, and then no page can ask for one. */
  readonly issueToken: (() => string) | null;
  /** What the explorer documents; null where introspection is off. */
  readonly schema: GraphQLSchema | null;
  /** Whether only trusted documents run, so that a query of the reader's own is refused. */
  readonly trustedOnly: boolean;
}

/** What a browser finds at /graphql. */
export interface Explorer {
  readonly plugins: readonly ApolloServerPlugin<GatewayContext>[];
  /** Headers of the page, beside those of its content. */
  readonly pageHeaders: Readonly<Record<string, string>>;
  /** Adds the routes that the page needs beside /graphql. */
  readonly register: (app: FastifyInstance) => void;
}

/** An example with its variables, as JSON. */
export interface ExampleTab {
  readonly query: string;
  readonly variables: string;
}

/** The examples that explorers open with; below the first stand the contract numbers to try errors with. */
export function toExampleTabs({ example, faults }: Pick<ExplorerOptions, 'example' | 'faults'>): readonly [ExampleTab, ...ExampleTab[]] {
  const values: ExampleVariables = {
    idType: example?.idType ?? 'RUC',
    id: example?.id ?? '12345678',
    number: example?.contractNumber ?? '1',
    numbers: [example?.contractNumber ?? '1'],
    first: 3,
  };
  const [first, ...others] = EXAMPLE_QUERIES.map(({ query, variables }) => ({
    query,
    variables: JSON.stringify(Object.fromEntries(variables.map((name) => [name, values[name]])), null, 2),
  })) as [ExampleTab, ...ExampleTab[]];
  if (faults.length === 0) return [first, ...others];
  const lines = faults.map(({ contractNo, does }) => `#   ${contractNo}  ${does}`);
  const comment = ['# Faults on demand: as $number, these numbers make the billing API misbehave.', ...lines].join('\n');
  return [{ ...first, query: `${first.query}\n${comment}\n` }, ...others];
}

/** Placeholder for a token. A page never contains a real one: anyone who can load the page could read it. */
export const AUTHORIZATION_PLACEHOLDER = 'Bearer <paste a token>';

/** What every explorer's page says besides its own policy: it is in no frame, leaks no address and is not guessed at. */
export const PAGE_HEADERS = { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' } as const;
