import type { Socket } from 'node:net';
import type { BillingError } from '../../billing/model/billing-error';
import { AnswerParser } from './response-parser';
import { lost, unreachable } from '../errors/failures';
import type { HttpAnswer } from './http-response';

/** Whom a connection tells how its request ended: one of the two, once. */
export interface Receiver {
  answered(answer: HttpAnswer): void;
  failed(failure: BillingError): void;
}

/** Whom a connection tells of itself. */
export interface ConnectionOwner {
  /** It has carried its request, and may carry another when it has rested. */
  rests(connection: Connection): void;
  /** It is of no use any more. */
  gone(connection: Connection): void;
}

/**
 * A connection that the server is not known to close: how long it may stand idle before it is used again, in
 * milliseconds. A request on a connection that its server is just closing would be lost.
 */
const IDLE_MS = 4000;
/** How much earlier than the server says it would close. */
const IDLE_MARGIN_MS = 1000;

/** A connection to the billing API, with one request at a time on it. Whatever is not in step ends it. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #maxBodyBytes: number;
  #receiver: Receiver | null = null;
  #parser: AnswerParser | null = null;
  #isGone = false;
  #usableUntilMs = Infinity;

  /** @param socket opened, or being opened. */
  constructor(socket: Socket, owner: ConnectionOwner, maxBodyBytes: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.#maxBodyBytes = maxBodyBytes;
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('end', () => this.#readEnd());
    socket.on('error', (error) => this.#fail(unreachable(error)));
    socket.on('close', () => {
      if (!this.#isGone) this.#fail(lost());
    });
  }

  /** Whether a request sent now would not be lost to the server's closing. `nowMs`: on the clock of `performance.now()`. */
  isUsable(nowMs: number): boolean {
    return !this.#isGone && nowMs < this.#usableUntilMs;
  }

  /** Sends a request's head, which is the whole request. */
  send(head: string, receiver: Receiver): void {
    this.#receiver = receiver;
    this.#parser = new AnswerParser(this.#maxBodyBytes);
    this.#socket.write(head, 'latin1');
  }

  /** Ends the connection. The request on it, if there is one, is told nothing more. */
  destroy(): void {
    this.#receiver = null;
    this.#leave();
  }

  /** Ends the connection, which fails the request on it. */
  close(): void {
    this.#fail(lost());
  }

  #read(piece: Buffer): void {
    const parser = this.#parser;
    // Nothing was asked: the answer to the next question must not be one that came before it.
    if (parser === null) {
      this.destroy();
      return;
    }
    try {
      if (!parser.push(piece)) return;
    } catch (error) {
      this.#fail(error as BillingError);
      return;
    }
    this.#answer(parser);
  }

  #readEnd(): void {
    const parser = this.#parser;
    if (parser?.endsWithConnection) this.#answer(parser);
    else this.#fail(lost());
  }

  #answer(parser: AnswerParser): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#parser = null;
    const answer = parser.take();
    if (parser.isReusable && !this.#isGone) {
      this.#usableUntilMs = performance.now() + toIdleMs(answer.headers['keep-alive']);
      this.#owner.rests(this);
    } else this.#leave();
    receiver?.answered(answer);
  }

  #fail(failure: BillingError): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#leave();
    receiver?.failed(failure);
  }

  #leave(): void {
    this.#parser = null;
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket.destroy();
    this.#owner.gone(this);
  }
}

/** How long a connection may stand idle, by the header in which the server says when it would close it (RFC 9112, appendix C.2.2). */
function toIdleMs(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : /\btimeout=([0-9]{1,6})\b/i.exec(keepAlive)?.[1];
  return seconds === undefined ? IDLE_MS : Number(seconds) * 1000 - IDLE_MARGIN_MS;
}
