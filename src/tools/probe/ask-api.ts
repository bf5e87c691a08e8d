import type { ProbeResponse, Question } from './exchange';
import type { ProbeTarget, WindowParameters } from './probe-options';

/** Why there is no report, and what to do about it. Never holds the token, an id or an address's path. */
export class ProbeFailure extends Error {
  override readonly name = 'ProbeFailure';
}

/** Asks one question, with these names of parameters. */
export type Ask = (question: Question, parameters: WindowParameters) => Promise<ProbeResponse>;

/** Numbers that no deployment gives to a customer or a contract. */
const UNKNOWN = '999999999999999';
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Asks a billing API. Rejects with a `ProbeFailure` where there is no response. */
export function createAsk(target: ProbeTarget, extraParameters: Readonly<Record<string, string>>): Ask {
  return async (question, parameters) => {
    const address = toAddress(target, question, { ...toWindow(question, parameters), ...toContract(target, question), ...extraParameters });
    try {
      // A redirect is not followed: it would carry the token to an address that nobody wrote down.
      const response = await fetch(address, {
        headers: { accept: 'application/json', authorization: `Bearer ${target.token}` },
        redirect: 'manual',
        signal: AbortSignal.timeout(target.timeoutMs),
      });
      return { status: response.status, text: await readText(response) };
    } catch (error) {
      if (error instanceof ProbeFailure) throw error;
      throw new ProbeFailure(toConnectionMessage(error, target));
    }
  };
}

function toWindow({ place, quantity }: Question, parameters: WindowParameters): Record<string, string> {
  return {
    ...(place !== null && { [parameters.pageInit]: String(place) }),
    ...(quantity !== null && { [parameters.quantity]: String(quantity) }),
  };
}

function toContract({ contractNumber }: ProbeTarget, { contract }: Question): Record<string, string> {
  return contract === 'none' ? {} : { contractNumber: contract === 'given' ? contractNumber : UNKNOWN };
}

function toAddress({ url, idType, id }: ProbeTarget, { customer }: Question, query: Readonly<Record<string, string>>): string {
  const path = `/customers/${encodeURIComponent(idType)}/${encodeURIComponent(customer === 'given' ? id : UNKNOWN)}/bills`;
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${url.origin}${url.pathname.replace(/\/$/, '')}${path}?${pairs.join('&')}`;
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    if ((bytes += chunk.length) > MAX_BODY_BYTES)
      throw new ProbeFailure('A response is larger than 16 MiB: choose a contract with fewer invoices.');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toConnectionMessage(error: unknown, { url, timeoutMs }: ProbeTarget): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } };
  if (name === 'TimeoutError') return `${url.host} did not respond within ${timeoutMs} ms.`;
  const code = cause?.code ?? 'the connection failed';
  return (
    `${url.host} cannot be reached (${code}). Check BILLING_API_URL, the network, and whether a proxy or ` +
    `a client certificate is needed: the probe uses neither.`
  );
}
