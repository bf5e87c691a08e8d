import type { Socket } from 'node:net';
import { BillingError } from '../../billing/model/billing-error';
import type { Caller } from '../../billing/model/caller';
import { AnswerParser } from './response-parser';
import { GatewayStops, lost, notHttp, unreachable } from '../errors/failures';
import type { Connector } from '../sockets/connector';
import type { Opening } from '../sockets/proxy';
import type { HttpAnswer, ReusedConnection } from './http-response';

/** A request that is queued or in flight. Either `answered` or `failed` is called, once. */
export interface PendingRequest {
  readonly caller: Caller;
  /** When it was started, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** What it is about, by which a response to another request may be known; empty for nothing in particular. */
  readonly subject: string;
  /** Whether its caller has gone: an abandoned request is not sent again. */
  readonly isAbandoned: boolean;
  /** Sends itself on the connection, and returns whether it did: its time may have been over while it waited. */
  sendOn(connection: Connection): boolean;
  /** Asks whether so many bytes of a body, which has `mostBytes` at most, may be held. Returns why not. */
  holds(bytes: number, mostBytes: number): BillingError | null;
  answered(answer: HttpAnswer): void;
  failed(failure: BillingError): void;
}

/** The pool that a connection belongs to. */
export interface ConnectionOwner {
  /** The connection has carried its request, and may carry another when it has rested. */
  rests(connection: Connection): void;
  /**
   * The connection cannot be used again. `unprocessed`: a request to be sent again on a new connection, because the server
   * closed this one before the first byte of a response.
   */
  gone(connection: Connection, unprocessed: PendingRequest | null): void;
  /** The server sent bytes that belong to no request. The connection is ended. */
  strayed(stray: StrayBytes): void;
}

/** Bytes that belong to no request: a server that answers a request twice may also have answered the wrong one. */
export interface StrayBytes {
  /** The callers of the connection's last responses, which may have been exchanged. */
  readonly callers: readonly Caller[];
  /** Whether they came while a request was under way, which they have failed. */
  readonly isInFlight: boolean;
}

/**
 * A connection that the server is not known to close: how long it may stand idle before it is used again, in
 * milliseconds. A request on a connection that its server is just closing would be lost.
 */
const IDLE_MS = 4000;
/** How much earlier than the server says it would close; of a short time, half of it. */
const IDLE_MARGIN_MS = 1000;
/** However long the server says that it would keep a connection: firewalls in between forget idle ones earlier. */
const MAX_IDLE_MS = 60_000;
/**
 * Responses whose callers and subjects are remembered: the last two, and more, since on a connection that is never idle a
 * response too many shifts all that follow.
 */
const REMEMBERED = 16;
/** RFC 9110, section 15.5.9: the server gave up waiting for a request, and closes; the client may send it on a new connection. */
const REQUEST_TIMEOUT = 408;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Settings of one connection. */
export interface ConnectionOptions {
  /** Largest body that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** How long it may be used, in milliseconds. */
  readonly maxAgeMs: number;
}

/** A connection to the billing API, with one request at a time on it. Whatever is not in step ends it. */
export class Connection implements ReusedConnection {
  readonly #opening: Opening | null;
  readonly #owner: ConnectionOwner;
  readonly #options: ConnectionOptions;
  #socket: Socket | null = null;
  /** A request that waits for the socket. */
  #unsent = '';
  #request: PendingRequest | null = null;
  /** Of the response to the request; null where there is no request. */
  #parser: AnswerParser | null = null;
  /** Of the last responses, in a ring. */
  readonly #callers: Caller[] = [];
  readonly subjects: string[] = [];
  #responses = 0;
  #isGone = false;
  #usableUntilMs: number;
  readonly #expiresAtMs: number;
  /** Of the token that it was last used for; empty before its first request. */
  tokenId = '';
  /** When its last response came, on the clock of `performance.now()`. */
  idleSinceMs = 0;

  constructor(connect: Connector, owner: ConnectionOwner, options: ConnectionOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#expiresAtMs = performance.now() + options.maxAgeMs;
    this.#usableUntilMs = this.#expiresAtMs;
    const socket = connect((bytes) => this.#read(bytes));
    if ('cancel' in socket) {
      this.#opening = socket;
      socket.socket.then(
        (opened) => this.#attach(opened),
        (error: unknown) => this.#lose(error instanceof BillingError ? error : unreachable(error as Error)),
      );
    } else {
      this.#opening = null;
      this.#attach(socket);
    }
  }

  /** Whether a request sent now would not be lost to the server's closing. `nowMs`: on the clock of `performance.now()`. */
  isUsable(nowMs: number): boolean {
    return !this.#isGone && nowMs < this.#usableUntilMs;
  }

  /** Sends a request's head, which is the whole request. */
  send(head: string, request: PendingRequest): void {
    this.#request = request;
    this.tokenId = request.caller.tokenId;
    this.#parser = new AnswerParser(this.#options.maxBodyBytes);
    if (this.#socket) this.#socket.write(head, 'latin1');
    else this.#unsent = head;
  }

  /** Whether the request is in flight on this connection. */
  carries(request: PendingRequest): boolean {
    return this.#request === request;
  }

  /** What keeps it from being established; null: nothing, its request has been written. */
  get obstacle(): string | null {
    if (this.#socket === null) return 'the proxy has not opened a tunnel';
    if (this.#socket.connecting) return 'the address does not answer';
    return this.#socket.writableCorked > 0 ? 'the TLS handshake is not complete' : null;
  }

  /** Whether the first byte of the pending response has arrived. */
  get isAnswering(): boolean {
    return this.#parser?.hasBegun === true;
  }

  /** Discards the body of the pending response while it is read. */
  discardBody(): void {
    this.#parser?.discardBody();
  }

  /** Closes the connection without notifying the request in flight, if any. */
  destroy(): void {
    this.#request = null;
    this.#leave();
  }

  outOfStep(): void {
    this.#owner.strayed({ callers: this.#callers, isInFlight: true });
    this.#fail(notHttp('its responses are out of step'));
  }

  /** Ends the connection because the gateway stops, which fails the request on it. */
  close(): void {
    this.#fail(new GatewayStops());
  }

  #attach(socket: Socket): void {
    if (this.#isGone) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on('end', () => this.#readEnd());
    socket.on('error', (error) => this.#lose(unreachable(error)));
    socket.on('close', () => this.#lose(lost()));
    if (this.#unsent !== '') socket.write(this.#unsent, 'latin1');
    this.#unsent = '';
  }

  #read(piece: Buffer): void {
    const parser = this.#parser;
    // No request is under way: these bytes must not be taken for the response to the next one.
    if (parser === null) {
      if (!this.#isGone && !isHarmless(piece)) this.#owner.strayed({ callers: this.#callers, isInFlight: false });
      this.destroy();
      return;
    }
    try {
      if (!parser.push(piece)) {
        const refusal = (this.#request as PendingRequest).holds(parser.bodyBytes, parser.mostBodyBytes);
        if (refusal) this.#fail(refusal);
        return;
      }
    } catch (error) {
      this.#refuse(error as BillingError);
      return;
    }
    this.#answer(parser);
  }

  #readEnd(): void {
    const parser = this.#parser;
    if (parser?.endsWithConnection) this.#answer(parser);
    else this.#lose(lost());
  }

  #answer(parser: AnswerParser): void {
    const request = this.#request as PendingRequest;
    const wasReused = this.#isReused;
    const nowMs = performance.now();
    this.#request = null;
    this.#parser = null;
    const answer = parser.take(nowMs, wasReused ? this : null);
    if (answer.status === REQUEST_TIMEOUT) {
      const unprocessed = wasReused && !request.isAbandoned ? request : null;
      this.#leave(unprocessed);
      if (!unprocessed) request.answered(answer);
      return;
    }
    const place = this.#responses++ % REMEMBERED;
    this.#callers[place] = request.caller;
    this.subjects[place] = request.subject;
    if (parser.excess !== null && !isHarmless(parser.excess)) {
      this.#leave();
      this.#owner.strayed({ callers: this.#callers, isInFlight: wasReused });
      // The first response on a connection can only be its request's own. A later one may be the one before it, sent twice.
      if (wasReused) request.failed(notHttp('more bytes came than one response has'));
      else request.answered(answer);
      return;
    }
    if (parser.isReusable) {
      this.idleSinceMs = nowMs;
      this.#usableUntilMs = Math.min(this.#expiresAtMs, nowMs + toIdleMs(answer.headers['keep-alive']));
      this.#owner.rests(this);
    } else this.#leave();
    request.answered(answer);
  }

  /** Whether a response has come on it before. */
  get #isReused(): boolean {
    return this.#responses > 0;
  }

  /** The server has closed the connection, or it broke. */
  #lose(failure: BillingError): void {
    const request = this.#request;
    // A server closes an idle connection at any time, also just when the next request arrives (RFC 9112, section 9.3.1):
    // as long as no byte of a response has come, that says nothing about the request.
    if (request === null || request.isAbandoned || !this.#isReused || this.#parser?.hasBegun !== false) {
      this.#fail(failure);
      return;
    }
    this.#request = null;
    this.#leave(request);
  }

  /**
   * Ends the connection for bytes that are no response. On a reused one they may be pieces of two: of a response that was sent twice, and
   * the next one. Then an earlier request may have been answered by the response of another.
   */
  #refuse(failure: BillingError): void {
    if (this.#isReused && failure.failure === 'unavailable') this.#owner.strayed({ callers: this.#callers, isInFlight: true });
    this.#fail(failure);
  }

  #fail(failure: BillingError): void {
    const request = this.#request;
    this.#request = null;
    this.#leave();
    request?.failed(failure);
  }

  #leave(unprocessed: PendingRequest | null = null): void {
    this.#parser = null;
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#socket) this.#socket.destroy();
    else this.#opening?.cancel();
    this.#owner.gone(this, unprocessed);
  }
}

/** Whether bytes outside a response are empty lines, or the 408 with which some servers end an idle connection. */
function isHarmless(bytes: Buffer): boolean {
  return (
    /^HTTP\/1\.[01] 408[ \r]/.test(bytes.toString('latin1', 0, 13)) || bytes.every((byte) => byte === CARRIAGE_RETURN || byte === LINE_FEED)
  );
}

/** How long a connection may stand idle, by the header in which the server says when it would close it (RFC 9112, appendix C.2.2). */
function toIdleMs(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : /\btimeout=([0-9]{1,6})\b/i.exec(keepAlive)?.[1];
  if (seconds === undefined) return IDLE_MS;
  const toldMs = Number(seconds) * 1000;
  return Math.min(Math.max(toldMs - IDLE_MARGIN_MS, toldMs / 2), MAX_IDLE_MS);
}
