import type { Caller } from '../../billing/model/caller';

/** What is known of a request's token, and how large its body is. */
export interface TokenStanding {
  /** Null without a token. */
  readonly caller: Caller | null;
  /** Whether the billing API has accepted the token by now. */
  readonly isAccepted: boolean;
  readonly bodyBytes: number;
}
