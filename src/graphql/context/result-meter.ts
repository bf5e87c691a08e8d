import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { BillingError } from '../../billing/model/billing-error';
import { TurnBudget } from '../../runtime/turns/turn-budget';
import type { TokenStanding } from './token-standing';
import { MAX_FAILURES } from '../analysis/requested-operation';

/** Bounds of what one operation may return. */
export interface ResultLimits {
  /** Objects, repeated ones and those under aliases counted each time. */
  readonly maxResults: number;
  /** Bytes of the response body. */
  readonly maxAnswerBytes: number;
}

/** Fields that may fail while the billing API has not accepted the token: an error takes 12 µs, and anybody can make up a token. */
const MAX_STRANGE_FAILURES = 200;
const ACCEPTED = { isAccepted: true };
/** Objects that are resolved in one turn of the event loop, where an operation returns more. A page may have as many. */
const RESULTS_PER_TURN = 1500;

/**
 * Counts what an operation returns. Resolvers take objects before they hand them out, so that an operation of a few bytes
 * that multiplies lists ends after `maxResults` objects instead of exhausting the memory. They return null from then on,
 * and the whole response is replaced by `error`: a part of it must not look like all of it.
 */
export class ResultMeter {
  readonly limits: ResultLimits;
  readonly #standing: Pick<TokenStanding, 'isAccepted'>;
  #count = 0;
  #failures = 0;
  #firstFailure: unknown;
  readonly #turns = new TurnBudget(RESULTS_PER_TURN);
  #error: GraphQLError | null = null;

  /** @param standing of the token that the operation is executed with. */
  constructor(limits: ResultLimits, standing: Pick<TokenStanding, 'isAccepted'> = ACCEPTED) {
    this.limits = limits;
    this.#standing = standing;
  }

  /** Takes `count` objects. False: the limit is exceeded, and the resolver returns nothing. */
  take(count: number): boolean {
    this.#count += count;
    if (this.#count > this.limits.maxResults) this.exceedResults(this.#count);
    return this.#error === null;
  }

  /** Notes a field or a list member that has failed. False: there are too many of them. */
  fail(error: unknown): boolean {
    this.#firstFailure ??= error;
    if (++this.#failures > MAX_STRANGE_FAILURES && this.#failures > this.#maxFailures) this.#exceedFailures(this.#failures);
    return this.#error === null;
  }

  /** Whether `count` list members may fail alike. They are noted when they do. */
  mayFail(count: number, error: unknown): boolean {
    if (count <= MAX_STRANGE_FAILURES || count <= this.#maxFailures) return true;
    this.#firstFailure ??= error;
    this.#exceedFailures(count);
    return false;
  }

  /** Takes a place for results in a turn of the event loop. Null: they may be resolved now, and otherwise when the promise resolves. */
  turnFor(results: number): Promise<void> | null {
    return this.#turns.take(results);
  }

  /** Whether there are too many results to be written in one turn of the event loop. */
  get isLong(): boolean {
    return this.#count > RESULTS_PER_TURN;
  }

  /** The error that replaces the response; null while nothing is exceeded. */
  get error(): GraphQLError | null {
    return this.#error;
  }

  get #maxFailures(): number {
    return this.#standing.isAccepted ? MAX_FAILURES : MAX_STRANGE_FAILURES;
  }

  #exceedFailures(count: number): void {
    const cause = this.#firstFailure instanceof GraphQLError ? this.#firstFailure.originalError : this.#firstFailure;
    // Written for clients, unlike the messages of other errors.
    const first = cause instanceof BillingError ? ` The first of them: ${cause.message}` : '';
    this.#error ??= toError(
      `More than ${this.#maxFailures} fields and list members of the operation fail (at least ${count}). Correct its arguments, or ` +
        `ask for fewer objects at once.${first}`,
      { failures: count, maxFailures: this.#maxFailures },
    );
  }

  /** Notes that at least `count` objects were found. */
  exceedResults(count: number): void {
    const { maxResults } = this.limits;
    this.#error ??= toError(
      `The operation returns more than the ${maxResults} objects that one may return (at least ${count}, ` +
        `each time that one is selected). Ask for smaller pages, fewer contracts or fewer aliases, or split ` +
        `the operation. (The gateway's operator sets the limit: MAX_RESULTS.)`,
      { results: count, maxResults },
    );
  }

  /** Notes that the response has at least `count` bytes. */
  exceedBytes(count: number): void {
    const { maxAnswerBytes } = this.limits;
    this.#error ??= toError(
      `The response is larger than the ${maxAnswerBytes} bytes that one may have (at least ${count}). Ask ` +
        `for smaller pages or fewer fields, or split the operation. (The gateway's operator sets the limit: ` +
        `MAX_ANSWER_BYTES.)`,
      { bytes: count, maxAnswerBytes },
    );
  }
}

/** Counts the objects of a result, up to the first one past `limit`. */
export function countObjects(data: unknown, limit: number): number {
  let count = 0;
  const left: unknown[] = [data];
  while (left.length > 0 && count <= limit) {
    const value = left.pop();
    if (Array.isArray(value)) {
      for (const member of value as readonly unknown[]) if (typeof member === 'object' && member !== null) left.push(member);
    } else if (typeof value === 'object' && value !== null) {
      count++;
      // Results have no prototype, and so no other names than their own; a list of their values would take twice as long.
      for (const name in value) {
        const member = (value as Readonly<Record<string, unknown>>)[name];
        if (typeof member === 'object' && member !== null) left.push(member);
      }
    }
  }
  return count;
}

function toError(message: string, found: Readonly<Record<string, number>>): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'RESULT_LIMIT_EXCEEDED', ...found, http: { status: 400, headers: new HeaderMap() } },
  });
}
