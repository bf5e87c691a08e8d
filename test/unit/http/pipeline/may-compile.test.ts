import { Billing } from '../../../../src/billing/billing';
import { Caller } from '../../../../src/billing/model/caller';
import { TrustedDocuments } from '../../../../src/graphql/limits/trusted-documents';
import { mayCompile } from '../../../../src/http/pipeline/may-compile';
import { ListedSource, startOperation } from '../../../support/listed-source';

const known = Caller.parse('Bearer known') as Caller;
const madeUp = Caller.parse('Bearer made-up') as Caller;

/** Whether an operation of a caller may be compiled that has taken so many responses from the cache; null: it has asked for none. */
function isCompiled(caller: Caller | null, cached: number | null, trustedDocuments: TrustedDocuments | null = null): boolean {
  const operation = Object.assign(startOperation(), { cached: cached ?? 0 });
  const billing = cached === null ? null : new Billing(new ListedSource({ total: 0 }), operation, { mode: 'offset', maxQuantity: 10 });
  return mayCompile({ caller }, { billing }, { acceptedTokens: { has: (one) => one === known }, trustedDocuments });
}

describe('An operation', () => {
  it.each<[string, Caller | null, number | null, boolean]>([
    ['whose token was accepted', known, 0, true],
    ['whose token was accepted, and which asks for no bills', known, null, true],
    ['whose token was made up', madeUp, 0, false],
    ['whose token was made up, and which asks for no bills', madeUp, null, false],
    ['whose token was accepted by a process that shares the cache', madeUp, 1, true],
    ['without a token', null, null, false],
    ['without a token, whatever it was given', null, 1, false],
  ])('%s is compiled only where somebody can be held to it', (_what, caller, cached, isAllowed) => {
    expect(isCompiled(caller, cached)).toBe(isAllowed);
  });

  it('of those that the operator has listed is compiled for anybody', () => {
    const listed = new TrustedDocuments(new Map());
    for (const caller of [known, madeUp, null]) expect(isCompiled(caller, null, listed)).toBe(true);
  });
});
