import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import type { GatewayContext } from '../../graphql/context/context';
import type { TrustedDocuments } from '../../graphql/limits/trusted-documents';
import type { Exchange } from '../request/exchange';

/** What it depends on whether an operation is compiled. */
export interface CompileOptions {
  readonly acceptedTokens: AcceptedTokens;
  /** Null: any document may run. */
  readonly trustedDocuments: TrustedDocuments | null;
}

/**
 * Whether an operation may be compiled, and remembered, on behalf of a request. Anybody can make up operations, variables
 * and tokens: so it may where the operator has listed the documents, or where the billing API has accepted the token.
 */
export function mayCompile(
  { caller }: Pick<Exchange, 'caller'>,
  { billing }: Pick<GatewayContext, 'billing'>,
  { acceptedTokens, trustedDocuments }: CompileOptions,
): boolean {
  if (trustedDocuments !== null) return true;
  // Only responses to an accepted token are cached, by this process or by another that shares the cache.
  return caller !== null && ((billing?.operation.cached ?? 0) > 0 || acceptedTokens.has(caller));
}
