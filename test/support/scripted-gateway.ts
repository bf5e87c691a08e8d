import type { Environment } from '../../src/config/config';
import { toAskedBills, toBillsBody } from './bills-body';
import { startGateway, type Gateway, type GraphqlAnswer } from './gateway';
import { startScriptedUpstream, type RecordedRequest, type Script, type ScriptedAnswer, type ScriptedUpstream } from './scripted-upstream';

/** A gateway whose billing API does what a test says. */
export interface ScriptedGateway {
  readonly gateway: Gateway;
  readonly upstream: ScriptedUpstream;
}

/** A good answer to whatever was asked, of contracts of `total` invoices. */
export function good(request: RecordedRequest, total = 3, others: Readonly<Record<string, unknown>> = {}): ScriptedAnswer {
  return { body: toBillsBody(toAskedBills(request.url), total, others) };
}

/** An answer for each contract number; for a number that is not named, a good one. */
export function byContract(answers: Readonly<Record<string, ScriptedAnswer>>): Script {
  return (request) => answers[toAskedBills(request.url).contractNumber ?? ''] ?? good(request);
}

/** Runs a test against a gateway over a script: one attempt a call, and nothing remembered, unless the test says otherwise. */
export async function withScript(
  script: Script,
  use: (ends: ScriptedGateway) => Promise<void>,
  environment: Environment = {},
): Promise<void> {
  const upstream = await startScriptedUpstream(script);
  try {
    const gateway = await startGateway({ BILLING_API_URL: upstream.url, BILLING_API_RETRIES: '0', ...environment });
    try {
      await use({ gateway, upstream });
    } finally {
      await gateway.close();
    }
  } finally {
    await upstream.close();
  }
}

/** The errors of an answer, as far as clients act on them. */
export function errorsOf(answer: GraphqlAnswer): { code: unknown; path: unknown }[] {
  return answer.errors.map(({ extensions, path }) => ({ code: extensions?.['code'], path }));
}
