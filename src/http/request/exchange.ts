import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallAdmission } from '../../billing/admission/call-admission';
import type { Caller } from '../../billing/model/caller';
import type { ClientName, OperationSpan, StartTrace } from '../../telemetry/observers/operation-observer';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import type { TokenStanding } from '../../graphql/context/token-standing';
import type { ByteHolder } from '../../runtime/byte-budget';
import { toNamedClient } from './client-name';
import { headerOf } from './header-of';
import { isExportType, JSON_TYPE, negotiateMediaType, type CSV_TYPE, type JSONL_TYPE } from './media-types';
import { toRequestId } from './request-id';
import { startTraceOf, toTraceId } from './trace-parent';

/** Why there is no body that could be looked at. */
export type BodyFault = 'too-large' | 'too-late' | 'undecodable';

/** A request whose body has come. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Empty if there is none. */
  readonly body: Buffer | BodyFault;
  /** Null where the request carries no bearer token. */
  readonly caller: Caller | null;
  /** Whether the billing API has accepted the caller's token. */
  readonly isAccepted: boolean;
  /** When it came, on the clock of `performance.now()`. */
  readonly startedMs: number;
}

const NO_BODY = Buffer.alloc(0);

/** What exchanges have in common. */
export interface ExchangeOptions {
  readonly acceptedTokens: AcceptedTokens;
  /** Undefined: operations have no spans. */
  readonly startTrace?: StartTrace | undefined;
  /** Whether a browser that opens the address sees a page. */
  readonly hasPage: boolean;
}

/** One request to GraphQL and its response, with what is known of both whatever the operation is. */
export class Exchange implements TokenStanding {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Empty if there is none, or it was not read. */
  readonly body: Buffer;
  /** Null if the body was read completely. */
  readonly bodyFault: BodyFault | null;
  readonly startedMs: number;
  /** Joins the request's log lines. */
  readonly requestId: string;
  /** Null where the request carries no bearer token. */
  readonly caller: Caller | null;
  /** Null if the client accepts no supported type. For an export, the type of its error responses. */
  readonly mediaType: string | null;
  /** Null where the response is no export. */
  readonly exportType: typeof JSONL_TYPE | typeof CSV_TYPE | null;
  /** The client that the request says it comes from, by its headers; what its extensions say is noted when they are read. */
  client: ClientName | null;
  /** What its operation holds of the billing API's responses, until it has its own; null where it executes none. */
  memory: ByteHolder | null = null;
  /** Of the operation that was begun, where calls are limited by token. */
  admission: CallAdmission | null = null;
  readonly #acceptedTokens: AcceptedTokens;
  #isAccepted: boolean;
  readonly #startTrace: StartTrace | undefined;
  #trace: OperationSpan | null | undefined;

  constructor(
    { request, response, body, caller, isAccepted, startedMs }: Arrival,
    { startTrace, hasPage, acceptedTokens }: ExchangeOptions,
  ) {
    const { headers } = request;
    this.request = request;
    this.response = response;
    this.body = typeof body === 'string' ? NO_BODY : body;
    this.bodyFault = typeof body === 'string' ? body : null;
    this.startedMs = startedMs;
    this.requestId = toRequestId(headers);
    this.caller = caller;
    this.#isAccepted = isAccepted;
    this.#acceptedTokens = acceptedTokens;
    const mediaType = negotiateMediaType(headerOf(headers, 'accept'), hasPage && request.method === 'GET');
    this.exportType = isExportType(mediaType) ? mediaType : null;
    this.mediaType = this.exportType ? JSON_TYPE : mediaType;
    this.client = toNamedClient(headers);
    this.#startTrace = startTrace;
  }

  /** Whether the billing API has accepted the caller's token by now. */
  get isAccepted(): boolean {
    return this.#isAccepted || (this.caller !== null && (this.#isAccepted = this.#acceptedTokens.has(this.caller)));
  }

  get bodyBytes(): number {
    return this.body.length;
  }

  /** Must be called when an operation makes no further calls, to settle its calls with the token's limit. */
  endAdmission(): void {
    this.admission?.end();
    this.admission = null;
  }

  /**
   * Whether the client has closed the connection, so that a response cannot be delivered. When the client ends its side, Node ends
   * its own at once, but marks the response as destroyed one turn of the event loop later.
   */
  get isGone(): boolean {
    return this.response.destroyed || this.request.socket.writableEnded;
  }

  /** The trace of the operation; null where operations are not traced. Begun at its first use: what is begun has to be ended. */
  get trace(): OperationSpan | null {
    if (this.#trace === undefined) this.#trace = startTraceOf(this.request.headers, this.startedMs, this.#startTrace);
    return this.#trace;
  }

  /** The trace that the request belongs to; null if it names none and operations are not traced. */
  get traceId(): string | null {
    const { trace } = this;
    return trace ? trace.traceId : toTraceId(this.request.headers);
  }
}
