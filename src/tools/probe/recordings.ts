import { CONTRACT_REQUEST } from '../../upstream/bills/bills-path';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProbeFailure } from './ask-api';
import { isObject, toExchange, type Exchange } from './exchange';
import type { WindowParameters } from './probe-options';
import { USUAL_PARAMETERS, type Interview } from './questions';

/** A recorded response: `{"query": "pageInit=0&quantity=2&contractNumber=1", "status": 200, "body": {…}}`. */
interface Recording {
  readonly query: URLSearchParams;
  readonly unknownCustomer: boolean;
  readonly status: number;
  readonly text: string;
}

/** Reads the recorded responses of a folder: its files *.json. Rejects with a `ProbeFailure` where there are none, or one is unusable. */
export async function readRecordings(folder: string, names: WindowParameters | null): Promise<Interview> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  if (files.length === 0) throw new ProbeFailure('The folder has no files *.json.');
  const recordings = await Promise.all(files.map(async (file) => parseRecording(file, await readFile(join(folder, file), 'utf8'))));
  const parameters =
    names ?? USUAL_PARAMETERS.find(({ quantity }) => recordings.some(({ query }) => query.has(quantity))) ?? CONTRACT_REQUEST.parameters;
  const given = findUsualContract(recordings);
  return { parameters, exchanges: recordings.map((recording) => toRecordedExchange(recording, parameters, given)) };
}

function parseRecording(file: string, text: string): Recording {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ProbeFailure(`${file} is not JSON.`);
  }
  // A body alone tells names and types.
  if (!isObject(json) || !('status' in json && 'body' in json))
    return { query: new URLSearchParams(), unknownCustomer: false, status: 200, text };
  const { query = '', status, body, unknownCustomer = false } = json;
  if (typeof query !== 'string' || !Number.isInteger(status) || typeof unknownCustomer !== 'boolean')
    throw new ProbeFailure(`${file}: query must be a text, status a whole number, and unknownCustomer a boolean.`);
  const bodyText = typeof body === 'string' ? body : JSON.stringify(body);
  return { query: new URLSearchParams(query), unknownCustomer, status: status as number, text: bodyText };
}

/** The contract that most recordings are about; another one is taken for one that does not exist. */
function findUsualContract(recordings: readonly Recording[]): string | null {
  const counts = new Map<string, number>();
  for (const { query } of recordings) {
    const contract = query.get('contractNumber');
    if (contract !== null) counts.set(contract, (counts.get(contract) ?? 0) + 1);
  }
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0] ?? null;
}

function toRecordedExchange({ query, unknownCustomer, status, text }: Recording, names: WindowParameters, given: string | null): Exchange {
  const read = (name: string): number | null => (/^\d+$/.test(query.get(name) ?? '') ? Number(query.get(name)) : null);
  const contract = query.get('contractNumber');
  return toExchange(
    {
      place: read(names.pageInit),
      quantity: read(names.quantity),
      contract: contract === null ? 'none' : contract === given ? 'given' : 'unknown',
      customer: unknownCustomer ? 'unknown' : 'given',
    },
    { status, text },
  );
}
