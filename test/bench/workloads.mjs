// What the contestants are asked for. A workload has several variants, for different contracts; each consists of parts:
// a window of one contract's invoices each.

export const CUSTOMER = { idType: 'RUC', id: '80012345' };
const FIRST_CONTRACT = 7_000_000;
/** Contracts between two variants: none belongs to both, since calls under way for the same contract would be shared. */
const APART = 1000;

const contractOf = (variant, index = 0) => String(FIRST_CONTRACT + variant * APART + index);
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/**
 * `variants`: several times as many as there are requests under way, so that no two at once ask for the same contract.
 * `calls`: what one request costs the billing API at best. `separateCalls`: the same where windows are not merged.
 * `form`: contracts are named one by one (`aliases`) or as a list.
 */
export const WORKLOADS = {
  W1: {
    what: 'one contract, 12 invoices',
    variants: 128,
    calls: 1,
    separateCalls: 1,
    form: 'aliases',
    parts: (variant) => [{ contract: contractOf(variant), offset: 0, limit: 12 }],
  },
  W2: {
    what: 'one contract, 1,000 invoices',
    variants: 64,
    calls: 1,
    separateCalls: 1,
    form: 'aliases',
    parts: (variant) => [{ contract: contractOf(variant), offset: 0, limit: 1000 }],
  },
  W3: {
    what: '20 contracts',
    variants: 128,
    calls: 20,
    separateCalls: 20,
    form: 'aliases',
    parts: (variant) => times(20, (index) => ({ contract: contractOf(variant, index), offset: 0, limit: 12 })),
  },
  W4: {
    what: 'one contract 20 times',
    variants: 128,
    calls: 1,
    separateCalls: 1,
    form: 'aliases',
    parts: (variant) => times(20, () => ({ contract: contractOf(variant), offset: 0, limit: 12 })),
  },
  W5: {
    what: 'windows 0–12, 6–18, 12–24 of one contract',
    variants: 128,
    calls: 1,
    separateCalls: 3,
    form: 'aliases',
    parts: (variant) => [0, 6, 12].map((offset) => ({ contract: contractOf(variant), offset, limit: 12 })),
  },
};

/** One contract with so many invoices. */
export function toInvoicesWorkload(count) {
  return {
    what: `${count.toLocaleString('en')} invoices`,
    variants: 16,
    calls: 1,
    separateCalls: 1,
    form: 'aliases',
    parts: (variant) => [{ contract: contractOf(variant), offset: 0, limit: count }],
  };
}

/** So many contracts of 12 invoices, asked for as a list. */
export function toContractsWorkload(count) {
  return {
    what: `${count} contracts`,
    variants: 16,
    calls: count,
    separateCalls: count,
    form: 'list',
    parts: (variant) => times(count, (index) => ({ contract: contractOf(variant, index), offset: 0, limit: 12 })),
  };
}

/** The names of workloads in a list such as `W1,W3`. Throws where one is unknown. */
export function parseWorkloadNames(list) {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !Object.hasOwn(WORKLOADS, name));
  if (unknown.length > 0)
    throw new Error(`There is no workload ${unknown.join(', ')}: choose from ${Object.keys(WORKLOADS).join(', ')}, separated by commas.`);
  return names;
}
