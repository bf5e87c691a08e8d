import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeProtobufSpans } from './otlp-protobuf';

export type Value = string | number | boolean | readonly string[];

/** A span as it came, whatever it was encoded in. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  /** What was said of the process. */
  readonly resource: Readonly<Record<string, Value>>;
}

/** A delivery as it came. */
export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Not compressed any more. */
  readonly bytes: Buffer;
}

/** Stands in for an OpenTelemetry collector: takes traces over HTTP, in protobuf or JSON. */
export interface OtlpCollector {
  /** A base address, as OTEL_EXPORTER_OTLP_ENDPOINT takes it. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly deliveries: readonly Delivery[];
  /** Answers what comes from now on with this status; 200 takes it. */
  answerWith(status: number): void;
  /** Resolves when the spans so far are enough. */
  waitFor(isEnough: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

/** Starts a collector on any free port, or on the one given. */
export async function startCollector(onPort = 0): Promise<OtlpCollector> {
  const spans: ReceivedSpan[] = [];
  const deliveries: Delivery[] = [];
  let waiting: (() => void)[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      deliveries.push({ path: request.url ?? '', headers: request.headers, bytes });
      if (status === 200)
        spans.push(...(request.headers['content-type'] === 'application/json' ? decodeJsonSpans(bytes) : decodeProtobufSpans(bytes)));
      response.writeHead(status, { 'content-type': request.headers['content-type'] ?? '' }).end();
      for (const look of waiting.splice(0)) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(onPort, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    deliveries,
    answerWith: (next) => {
      status = next;
    },
    waitFor: (isEnough) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (isEnough(spans)) resolve(spans);
          else waiting = [...waiting, look];
        };
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface JsonValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly JsonValue[] };
}
type JsonAttributes = readonly { readonly key: string; readonly value: JsonValue }[];
interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: JsonAttributes;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}
interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: JsonAttributes };
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

function decodeJsonSpans(bytes: Buffer): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(bytes.toString('utf8')) as JsonRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(span, toAttributes(resource.attributes)))),
  );
}

function toSpan(span: JsonSpan, resource: Record<string, Value>): ReceivedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    traceState: span.traceState ?? '',
    parentSpanId: span.parentSpanId ?? '',
    name: span.name,
    kind: span.kind,
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    attributes: toAttributes(span.attributes),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    statusCode: span.status?.code ?? 0,
    resource,
  };
}

function toAttributes(attributes: JsonAttributes): Record<string, Value> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, toValue(value)]));
}

function toValue({ stringValue, intValue, boolValue, arrayValue }: JsonValue): Value {
  return (
    stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? boolValue ?? (arrayValue?.values.map(toValue) as string[])
  );
}
