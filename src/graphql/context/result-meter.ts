import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';

/** Bounds of what one operation may return. */
export interface ResultLimits {
  /** Objects, repeated ones and those under aliases counted each time. */
  readonly maxResults: number;
  /** Bytes of the response body. */
  readonly maxAnswerBytes: number;
}

/** Members of an operation's lists that may fail one by one: each costs an error with its path, which takes as long as many objects. */
const MAX_FAILED_MEMBERS = 1000;

/**
 * Counts what an operation returns. Resolvers take objects before they hand them out, so that an operation of a few bytes
 * that multiplies lists ends after `maxResults` objects instead of exhausting the memory. They return null from then on,
 * and the whole response is replaced by `error`: a part of it must not look like all of it.
 */
export class ResultMeter {
  readonly limits: ResultLimits;
  #count = 0;
  #failures = 0;
  #error: GraphQLError | null = null;

  constructor(limits: ResultLimits) {
    this.limits = limits;
  }

  /** Takes `count` objects. False: the limit is exceeded, and the resolver returns nothing. */
  take(count: number): boolean {
    this.#count += count;
    if (this.#count > this.limits.maxResults) this.exceedResults(this.#count);
    return this.#error === null;
  }

  /** Takes `count` members of a list that fail, each with an error of its own. False: there are too many of them. */
  takeFailures(count: number): boolean {
    this.#failures += count;
    if (this.#failures > MAX_FAILED_MEMBERS)
      this.#error ??= toError(
        `More than ${MAX_FAILED_MEMBERS} members of lists in the operation's arguments are not of their form ` +
          `(at least ${this.#failures}). Correct them, or ask for fewer at once.`,
        { failures: this.#failures, maxFailures: MAX_FAILED_MEMBERS },
      );
    return this.#error === null;
  }

  /** The error that replaces the response; null while nothing is exceeded. */
  get error(): GraphQLError | null {
    return this.#error;
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
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) count++;
    for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) left.push(member);
  }
  return count;
}

function toError(message: string, found: Readonly<Record<string, number>>): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'RESULT_LIMIT_EXCEEDED', ...found, http: { status: 400, headers: new HeaderMap() } },
  });
}
