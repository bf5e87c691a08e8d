import type { ReceivedSpan, Value } from './otlp-collector';

/** A message of protobuf's wire format: for each field's number its values, as numbers and bytes. */
type Message = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/** Reads an ExportTraceServiceRequest (opentelemetry-proto, `trace/v1/trace.proto`), as far as tests look into it. */
export function decodeProtobufSpans(bytes: Buffer): ReceivedSpan[] {
  return messages(read(bytes), 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1)[0];
    const attributes = resource ? attributesOf(resource, 1) : {};
    return messages(resourceSpans, 2).flatMap((scopeSpans) => messages(scopeSpans, 2).map((span) => toSpan(span, attributes)));
  });
}

function toSpan(span: Message, resource: Record<string, Value>): ReceivedSpan {
  const status = messages(span, 15)[0];
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    traceState: text(span, 3),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    kind: number(span, 6),
    startNs: whole(span, 7),
    endNs: whole(span, 8),
    attributes: attributesOf(span, 9),
    links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    statusCode: status ? number(status, 3) : 0,
    resource,
  };
}

function attributesOf(message: Message, field: number): Record<string, Value> {
  return Object.fromEntries(messages(message, field).map((pair) => [text(pair, 1), toValue(messages(pair, 2)[0] as Message)]));
}

/** `common.proto`, AnyValue. */
function toValue(value: Message): Value {
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return whole(value, 2) === 1n;
  if (value.has(3)) return number(value, 3);
  if (value.has(5)) return messages(messages(value, 5)[0] as Message, 1).map(toValue) as Value;
  throw new Error(`A value of another kind: ${[...value.keys()].join()}`);
}

function read(bytes: Buffer): Message {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const fixed = (length: number): bigint => {
    const value = length === 8 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at));
    at += length;
    return value;
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const type = key & 7;
    let value: bigint | Buffer;
    if (type === 0) value = varint();
    else if (type === 2) {
      const length = Number(varint());
      value = bytes.subarray(at, (at += length));
    } else value = fixed(type === 1 ? 8 : 4);
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((each) => read(each as Buffer));
}

function hex(message: Message, field: number): string {
  return (message.get(field)?.[0] as Buffer | undefined)?.toString('hex') ?? '';
}

function text(message: Message, field: number): string {
  return (message.get(field)?.[0] as Buffer | undefined)?.toString('utf8') ?? '';
}

function whole(message: Message, field: number): bigint {
  return (message.get(field)?.[0] as bigint | undefined) ?? 0n;
}

function number(message: Message, field: number): number {
  return Number(whole(message, field));
}
