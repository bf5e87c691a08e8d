import type { Caller } from '../model/caller';

/**
 * Which bearer tokens the billing API is known to accept. Anything expensive or lasting (compiled operations, names in
 * metrics, most of the connections) is for their callers only, since anybody can send a token that was made up.
 */
export interface AcceptedTokens {
  /** Whether the billing API has answered a call with this caller's token, and has not refused the token since. */
  has(caller: Caller): boolean;
}
