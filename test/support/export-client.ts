import { request, type IncomingMessage } from 'node:http';
import type { Gateway } from './gateway';

export const JSONL = 'application/jsonl';
export const CSV = 'text/csv';

/** What came of an export. */
export interface ExportedText {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Whether the body ended as HTTP says that it does; false where the connection was cut before. */
  readonly isWhole: boolean;
}

/** How an export is asked for. */
export interface ExportOptions {
  readonly token?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client goes away when it has so many bytes. */
  readonly stopAtBytes?: number;
}

/** Sends an operation whose response is an export. Resolves when the response has begun; it is not read yet. */
export function openExport(
  { port }: Pick<Gateway, 'port'>,
  accept: string,
  query: string,
  options: ExportOptions = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept,
      'content-type': 'application/json',
      authorization: `Bearer ${options.token ?? 'test-token'}`,
      ...options.headers,
    };
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/graphql', headers, agent: false }, resolve);
    sent.on('error', reject);
    sent.end(JSON.stringify({ query, variables: options.variables }));
  });
}

/** Reads an export to its end, or as far as `stopAtBytes` says. */
export async function readExport(response: IncomingMessage, stopAtBytes = Infinity): Promise<ExportedText> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isWhole = true;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if ((bytes += chunk.length) < stopAtBytes) continue;
      isWhole = false;
      break;
    }
  } catch {
    isWhole = false;
  }
  const text = Buffer.concat(chunks).subarray(0, stopAtBytes).toString('utf8');
  return { status: response.statusCode ?? 0, headers: response.headers, text, isWhole: isWhole && response.complete };
}

/** Sends an operation and reads its export. */
export async function exportAll(
  gateway: Pick<Gateway, 'port'>,
  accept: string,
  query: string,
  options: ExportOptions = {},
): Promise<ExportedText> {
  return readExport(await openExport(gateway, accept, query, options), options.stopAtBytes);
}

/** The lines of a JSON Lines text that are whole. */
export function toJsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The records of a CSV text that are whole (RFC 4180, section 2), the header row among them. */
export function toCsvRecords(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    records.push(record);
    record = [];
  }
  return records;
}
