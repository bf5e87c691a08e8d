import { BILLS } from '../../../../src/billing/model/bills';
import { Caller } from '../../../../src/billing/model/caller';
import type { BillsRequest } from '../../../../src/billing/ports/billing-source';
import { RequestIdentity } from '../../../../src/billing/ports/request-identity';

const REQUEST: BillsRequest = { customer: { idType: 'RUC', id: '1' }, contractNumber: '2', window: { offset: 0, limit: 10 } };
const filter = { status: true, billPeriods: null };
/** One that differs from `REQUEST` in one thing each. */
const LISTS: readonly BillsRequest[] = [
  REQUEST,
  { ...REQUEST, customer: { idType: 'CI', id: '1' } },
  { ...REQUEST, customer: { idType: 'RUC', id: '12' } },
  { ...REQUEST, contractNumber: '22' },
  { ...REQUEST, contractNumber: null },
  { ...REQUEST, filter },
  { ...REQUEST, contractNumber: null, filter },
  { ...REQUEST, filter: { ...filter, status: false } },
  { ...REQUEST, filter: { status: true, billPeriods: ['2025-06'] } },
];
const WINDOWS: readonly BillsRequest[] = [
  { ...REQUEST, window: { offset: 1, limit: 10 } },
  { ...REQUEST, window: { offset: 0, limit: 1 } },
  { ...REQUEST, window: { offset: 10, limit: 0 } },
];
const CALLERS = [
  ['a', []],
  ['b', []],
  ['a', ['accept-language', 'es']],
  ['a', ['accept-language', 'en']],
] as const;

describe('The identity of a request for bills', () => {
  const identities = CALLERS.flatMap(([token, forwarded]) =>
    [BILLS, { ...BILLS, name: 'others' }].flatMap((list) =>
      [...LISTS, ...WINDOWS].map((request) => RequestIdentity.of(Caller.parse(`Bearer ${token}`, forwarded) as Caller, list, request)),
    ),
  );

  it('is shared by equal requests alone: of one caller with the same headers, for one window of one list', () => {
    expect(new Set(identities.map(({ text }) => text)).size).toBe(CALLERS.length * 2 * (LISTS.length + WINDOWS.length));
    const again = RequestIdentity.of(Caller.parse('bearer  a') as Caller, BILLS, structuredClone(REQUEST));
    expect([again.text, again.list]).toEqual([identities[0]?.text, identities[0]?.list]);
  });

  it('names its list apart from the window, and keeps the caller', () => {
    expect(new Set(identities.map(({ list }) => list)).size).toBe(CALLERS.length * 2 * LISTS.length);
    expect(identities[0]).toMatchObject({ window: REQUEST.window, caller: { token: 'a' } });
  });
});
