import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { AUTHORIZATION_PLACEHOLDER, PAGE_HEADERS, toExampleTabs, type Explorer, type ExplorerOptions } from './explorer';

/**
 * Apollo Sandbox, in a frame of the gateway's own page. The page loads its script from Apollo's address, so it needs
 * internet; the operations go from the page to the gateway itself, and the token with them nowhere else.
 */
export function createSandbox({ example, faults }: ExplorerOptions): Explorer {
  const [{ query, variables }] = toExampleTabs({ example, faults });
  return {
    plugins: [
      ApolloServerPluginLandingPageLocalDefault({
        footer: false,
        document: query,
        variables: JSON.parse(variables) as Record<string, string>,
        headers: { Authorization: AUTHORIZATION_PLACEHOLDER, 'x-billing-trace': 'calls' },
        // Apollo asks pages that embed it for telemetry, and for the schema every second, unless they say no.
        embed: { runTelemetry: false, initialState: { pollForSchemaUpdates: false } },
      }),
    ],
    // The page's own policy says where scripts, styles and frames may come from; policies add up, so that this one is
    // about what it leaves open. A policy in the page itself cannot say who may frame it (CSP 3, section 6.4.2).
    pageHeaders: {
      ...PAGE_HEADERS,
      'content-security-policy': "object-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'; frame-ancestors 'none'",
    },
    register: () => undefined,
  };
}
