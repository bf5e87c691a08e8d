import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CutReason } from '../../telemetry/observers/server-observer';

/** How long, and how much of, responses may wait for their clients to read them. */
export interface UnsentLimits {
  /** How long a client may read nothing of a response, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** Bytes of all responses of the process that clients have not read yet. */
  readonly maxUnsentBytes: number;
}

/** One connection whose client is slower than the gateway. */
interface Waiting {
  readonly sinceMs: number;
  /** Responses to pipelined requests, which wait for the one before them. */
  readonly queued: Set<ServerResponse>;
  /** Bytes that the operating system has not taken yet, when last looked at. */
  queueBytes: number;
  sentBytes: number;
  progressMs: number;
}

/** A client shows in this time how fast it reads, in milliseconds; before it, nobody is compared with it. */
const GRACE_MS = 1000;

/**
 * Watches responses that their clients do not read, or read slowly: each takes memory until it is sent. Most responses
 * are taken by the operating system at once, and are never seen here.
 */
export class UnsentResponses {
  readonly #limits: UnsentLimits;
  readonly #onCut: (reason: CutReason) => void;
  readonly #waiting = new Map<Socket, Waiting>();
  /** Connections that tell when they close; most of them wait more than once. */
  readonly #watched = new WeakSet<Socket>();
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: UnsentLimits, onCut: (reason: CutReason) => void) {
    this.#limits = limits;
    this.#onCut = onCut;
  }

  /** Bytes that clients have not read yet. */
  get bytes(): number {
    let bytes = 0;
    for (const [socket, waiting] of this.#waiting) bytes += unsentOf(socket, waiting);
    return bytes;
  }

  /** Takes note of a response that has been ended and has not been sent completely. */
  add(response: ServerResponse): void {
    const { socket } = response.req;
    if (socket.destroyed) return;
    const nowMs = performance.now();
    let waiting = this.#waiting.get(socket);
    if (!waiting) {
      const queueBytes = queueOf(socket);
      waiting = { sinceMs: nowMs, queued: new Set(), queueBytes, sentBytes: 0, progressMs: nowMs };
      this.#waiting.set(socket, waiting);
      if (!this.#watched.has(socket)) {
        this.#watched.add(socket);
        socket.once('close', () => this.#waiting.delete(socket));
      }
      this.#timer ??= setInterval(() => this.#check(), Math.min(1000, this.#limits.writeTimeoutMs / 4)).unref();
    }
    if (!response.socket) waiting.queued.add(response);
    while (this.bytes > this.#limits.maxUnsentBytes) {
      for (const [other, each] of this.#waiting) noteProgress(other, each, nowMs);
      // A client that has read everything by now holds nothing: to cut it would free no memory.
      this.#forgetSent();
      this.#cut(this.#slowest(nowMs) ?? socket, 'too-much-unsent');
    }
  }

  /** Takes note of a piece of a response that goes on; all pieces before it have been sent. */
  addPiece(response: ServerResponse): void {
    const { socket } = response.req;
    const waiting = this.#waiting.get(socket);
    if (waiting) {
      waiting.sentBytes += waiting.queueBytes;
      waiting.queueBytes = queueOf(socket);
      waiting.progressMs = performance.now();
    }
    this.add(response);
  }

  #check(): void {
    const nowMs = performance.now();
    for (const [socket, waiting] of this.#waiting) {
      noteProgress(socket, waiting, nowMs);
      if (nowMs - waiting.progressMs >= this.#limits.writeTimeoutMs) this.#cut(socket, 'no-progress');
    }
    this.#forgetSent();
    if (this.#waiting.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #forgetSent(): void {
    for (const [socket, waiting] of this.#waiting) if (unsentOf(socket, waiting) === 0) this.#waiting.delete(socket);
  }

  /** The client that has read the fewest bytes a second; undefined where all have only just begun. */
  #slowest(nowMs: number): Socket | undefined {
    let slowest: { readonly socket: Socket; readonly rate: number } | undefined;
    for (const [socket, { sinceMs, sentBytes }] of this.#waiting) {
      const rate = sentBytes / (nowMs - sinceMs);
      if (nowMs - sinceMs >= GRACE_MS && (!slowest || rate < slowest.rate)) slowest = { socket, rate };
    }
    return slowest?.socket;
  }

  #cut(socket: Socket, reason: CutReason): void {
    this.#waiting.delete(socket);
    socket.destroy();
    this.#onCut(reason);
  }
}

/** What is being sent over the connection, and what waits for that. */
function unsentOf(socket: Socket, { queued }: Waiting): number {
  let bytes = socket.writableLength;
  for (const response of queued) {
    // It has the connection now: its bytes are the connection's.
    if (response.socket) queued.delete(response);
    else bytes += response.writableLength;
  }
  return bytes;
}

function noteProgress(socket: Socket, waiting: Waiting, nowMs: number): void {
  const queueBytes = queueOf(socket);
  // Where the operating system has taken everything, it is not the client that is waited for.
  if (queueBytes > 0 && queueBytes === waiting.queueBytes) return;
  waiting.sentBytes += Math.max(0, waiting.queueBytes - queueBytes);
  waiting.queueBytes = queueBytes;
  waiting.progressMs = nowMs;
}

/**
 * Bytes of the write under way that the operating system has not taken yet. Node's own timeout of sockets looks at the same
 * property; public ones change only when a whole write has ended, and one write may be a response of many MiB.
 */
function queueOf(socket: Socket): number {
  return (socket as Socket & { _handle?: { readonly writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
