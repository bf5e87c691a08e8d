import type { BillingError } from './error-codes';
import type { TypedDocumentString } from './gql/graphql';
import { toReaction, type Reaction } from './reaction';
import type { Tokens } from './tokens';

/** An answer, with `errors` always there. Both may have something in them: a field that failed is null, and its siblings are not. */
export interface Answer<Data> {
  readonly data: Data | null;
  readonly errors: readonly BillingError[];
}

/** How the client is set up. */
export interface BillingClientOptions {
  readonly url: string;
  readonly tokens: Tokens;
  /** Sends the hash of a document instead of its text, as gateways with trusted documents want it. Default: false. */
  readonly byHash?: boolean;
  /** Longest wait that users are held for, in seconds; what takes longer is theirs to repeat. Default: 10. */
  readonly maxWaitSeconds?: number;
  /** Default: a timer. */
  readonly pause?: (seconds: number) => Promise<void>;
}

/** A typed client that does by itself what needs no user: it renews a token, waits as it is told, and sends what it only named. */
export class BillingClient {
  readonly #options: BillingClientOptions;

  constructor(options: BillingClientOptions) {
    this.#options = options;
  }

  /** Rejects only where no gateway answered; all else is in `errors`. */
  async query<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    signal: AbortSignal | null = null,
  ): Promise<Answer<Data>> {
    const { tokens, maxWaitSeconds = 10, pause = toTimer } = this.#options;
    const done = new Set<Reaction['do']>();
    let byHash = this.#options.byHash === true;
    for (;;) {
      const token = tokens.current;
      const answer = await this.#send<Data>({ ...(byHash ? toHash(document) : { query: document }), variables }, token, signal);
      const reaction = answer.errors.map(toReaction).find((each) => isAutomatic(each, maxWaitSeconds));
      // Once each: what a new token or a pause did not mend, a second would not.
      if (!reaction || done.has(reaction.do)) return answer;
      done.add(reaction.do);
      if (reaction.do === 'renew-token') await tokens.renew(token);
      if (reaction.do === 'wait') await pause(reaction.seconds);
      if (reaction.do === 'send-text') byHash = false;
    }
  }

  async #send<Data>(body: object, token: string, signal: AbortSignal | null): Promise<Answer<Data>> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const response = await fetch(this.#options.url, { method: 'POST', headers, body: JSON.stringify(body), signal });
    const { data = null, errors = [] } = (await response.json()) as { data?: Data | null; errors?: BillingError[] };
    return { data, errors };
  }
}

/** How a persisted query is named. The hash is in the document, where Code Generator put it. */
function toHash<Data, Variables>(document: TypedDocumentString<Data, Variables>): object {
  return { extensions: { persistedQuery: { version: 1, sha256Hash: document.__meta__?.['hash'] as string } } };
}

function isAutomatic(reaction: Reaction, maxWaitSeconds: number): boolean {
  return reaction.do === 'renew-token' || reaction.do === 'send-text' || (reaction.do === 'wait' && reaction.seconds <= maxWaitSeconds);
}

function toTimer(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
