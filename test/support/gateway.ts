import { Writable } from 'node:stream';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print, type GraphQLFormattedError } from 'graphql';
import { createApp, type App } from '../../src/app';
import type { BillingApi } from '../../src/billing-api/billing-api';
import { parseConfig, type Environment } from '../../src/config/config';
import { createLog } from '../../src/telemetry/logs/log';

/** What `JSON.parse` gives: a test looks into it without a type of its own. Typed documents bring their own types. */
export type Json = ReturnType<JSON['parse']>;

/** What the gateway answered to one operation. */
export interface GraphqlAnswer<Data = Json> {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came, byte for byte as text. */
  readonly text: string;
  /** Undefined where the answer has no `data` at all. */
  readonly data: Data | null | undefined;
  /** Empty where the answer has none. */
  readonly errors: readonly GraphQLFormattedError[];
  readonly extensions: Record<string, Json> | undefined;
}

/** How one request is sent. */
export interface QueryOptions {
  /** Null: no `Authorization` header. Default: a token that the embedded billing API takes, or `test-token`. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly operationName?: string;
  readonly signal?: AbortSignal;
}

/** A gateway that runs in the test's own process, on a port of its own. */
export interface Gateway {
  /** Without a path: `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly port: number;
  readonly app: App;
  /** All that was logged so far, one JSON text a line. */
  readonly logLines: readonly string[];
  /** Calls that reached the embedded billing API since the gateway started. */
  upstreamCalls(): number;
  /** Sends an operation by POST and reads its answer, whatever the status. */
  query<Data = Json, Variables = Record<string, unknown>>(
    document: string | TypedDocumentNode<Data, Variables>,
    variables?: Variables,
    options?: QueryOptions,
  ): Promise<GraphqlAnswer<Data>>;
  close(): Promise<void>;
}

/**
 * Starts a gateway from an environment, as main.ts does, but with a free port, and a log that is kept and not printed.
 * Without `BILLING_API_URL` the embedded billing API is its other side. Rejects with a ConfigError for a bad setting.
 * Answers are not remembered unless the test sets `CACHE_TTL_SECONDS`: most tests count the calls of one operation.
 */
export async function startGateway(overrides: Environment = {}): Promise<Gateway> {
  const config = parseConfig({ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0', CACHE_TTL_SECONDS: '0', ...overrides });
  const logLines: string[] = [];
  const app = await createApp(config, createLog(config.logLevel, toLines(logLines)));
  const query: Gateway['query'] = async (document, variables, options = {}) => {
    const body = JSON.stringify({
      query: typeof document === 'string' ? document : print(document),
      variables,
      operationName: options.operationName,
    });
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...toAuthorization(options.token, app.billingApi), ...options.headers },
      body,
      signal: options.signal ?? null,
    });
    return toAnswer(response);
  };
  return {
    url: app.url,
    port: Number(new URL(app.url).port),
    app,
    logLines,
    upstreamCalls: () => app.billingApi?.requestCount() ?? 0,
    query,
    close: () => app.close(),
  };
}

/** Reads an HTTP answer as GraphQL's. Fails where the body is not JSON. */
export async function toAnswer<Data = Json>(response: Response): Promise<GraphqlAnswer<Data>> {
  const text = await response.text();
  const body = JSON.parse(text) as { data?: Data | null; errors?: GraphQLFormattedError[]; extensions?: Record<string, Json> };
  return {
    status: response.status,
    headers: response.headers,
    text,
    data: body.data,
    errors: body.errors ?? [],
    extensions: body.extensions,
  };
}

function toAuthorization(token: string | null | undefined, billingApi: BillingApi | null): Record<string, string> {
  if (token === null) return {};
  return { authorization: `Bearer ${token ?? billingApi?.issueToken() ?? 'test-token'}` };
}

/** A stream that keeps the lines written to it. */
function toLines(lines: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(
        ...chunk
          .toString('utf8')
          .split('\n')
          .filter((line) => line !== ''),
      );
      done();
    },
  });
}
