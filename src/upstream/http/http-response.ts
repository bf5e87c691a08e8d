/** An answer as it came: any status but an interim one, its whole body. */
export interface HttpAnswer {
  readonly status: number;
  /** Those that the gateway reads: names in lower case; what came twice is joined by a comma (RFC 9110, section 5.3). */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** When its last byte came, on the clock of `performance.now()`. */
  readonly endedMs: number;
  /** Whether the body of an error was too large to be read: it is empty then. */
  readonly isCut?: boolean;
  /** The connection that it came over; null where it is the first response there, which can only be its request's own. */
  readonly reused?: ReusedConnection | null;
}

/** An answer whose body came in several blocks. They are joined when the body is asked for: for 16 MiB that takes milliseconds. */
export class LargeAnswer implements HttpAnswer {
  declare readonly status: number;
  declare readonly headers: HttpAnswer['headers'];
  declare readonly endedMs: number;
  readonly #bytes: number;
  #blocks: readonly Buffer[];

  constructor({ status, headers, endedMs, isCut, reused }: Omit<HttpAnswer, 'body'>, blocks: readonly Buffer[]) {
    Object.assign(this, { status, headers, endedMs, isCut, reused });
    this.#blocks = blocks;
    this.#bytes = blocks.reduce((sum, { length }) => sum + length, 0);
  }

  get bodyBytes(): number {
    return this.#bytes;
  }

  /** The body, in order. */
  get blocks(): readonly Buffer[] {
    return this.#blocks;
  }

  get body(): Buffer {
    if (this.#blocks.length > 1) this.#blocks = [Buffer.concat(this.#blocks)];
    return this.#blocks[0] as Buffer;
  }
}

/** The size of an answer's body, in bytes. Takes no time. */
export function bodyBytesOf(answer: HttpAnswer): number {
  return answer instanceof LargeAnswer ? answer.bodyBytes : answer.body.length;
}

/** The body of an answer in the blocks in which it came. Takes no time. */
export function blocksOf(answer: HttpAnswer): readonly Buffer[] {
  return answer instanceof LargeAnswer ? answer.blocks : [answer.body];
}

/** A connection that has brought several responses. */
export interface ReusedConnection {
  /** What its last requests were about. */
  readonly subjects: readonly string[];
  /**
   * To be called when a response belongs to an earlier request, as where that was answered twice. Closes the connection, fails the
   * request in flight on it, if any, and has what came over it evicted.
   */
  outOfStep(): void;
}
