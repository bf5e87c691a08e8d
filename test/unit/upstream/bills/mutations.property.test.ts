import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Bills } from '../../../../src/billing/model/bills';
import { BillingError } from '../../../../src/billing/model/billing-error';
import type { BillsRequest } from '../../../../src/billing/ports/billing-source';
import { ResponseDecoder } from '../../../../src/upstream/bills/decode-bills';
import { parseDialect } from '../../../../src/upstream/bills/dialect';
import { CONTRACT_TABLE, type LeafTable, type WireTable } from '../../../../src/upstream/scan/wire-table';
import { customer } from '../../../support/listed-source';
import { mutate, mutation, toBody, type Body, type Path, type Value } from '../../../support/mutated-bills';

/** Mutations of each body and table; MUTATIONS=2000 tries more by hand. */
const RUNS = Number(process.env['MUTATIONS'] ?? 300);
const request: BillsRequest = { customer, contractNumber: '700100', window: { offset: 0, limit: 50 } };
const vendor = parseDialect(readFileSync(join(__dirname, '../../../support/vendor-dialect.yaml'), 'utf8')).table;

/** What a body says, by the domain's paths; the value of a leaf that cannot be read is `FAILED`. */
type Said = ReadonlyMap<string, unknown>;
const FAILED = Symbol('failed');

function read(take: () => unknown): unknown {
  try {
    return take();
  } catch (error) {
    expect(error).toBeInstanceOf(BillingError);
    return FAILED;
  }
}

function say(bills: Bills, table: WireTable): Said {
  const said = new Map<string, unknown>();
  for (const name of Object.keys(table.contract))
    said.set(
      name,
      read(() => bills[name as 'dueDate']),
    );
  for (const list of ['billingAddresses', 'invoices'] as const) {
    const items = read(() => bills[list]);
    said.set(list, Array.isArray(items) ? items.length : items);
    const leaves = list === 'invoices' ? table.invoice : table.address;
    if (Array.isArray(items))
      items.forEach((item: Record<string, unknown>, index) => {
        for (const name of Object.keys(leaves))
          said.set(
            `${list}.${index}.${name}`,
            read(() => item[name]),
          );
      });
  }
  return said;
}

/** The domain's path of a path in the body. */
function domainPath(table: WireTable, [first, index, leaf]: Path): string {
  const nameOf = (leaves: LeafTable, wire: unknown): string => Object.keys(leaves).find((name) => leaves[name]?.wire === wire) ?? '';
  const list = Object.entries(table.lists).find(([, wire]) => wire === first)?.[0];
  if (list === undefined) return nameOf(table.contract, first);
  const name = leaf === undefined ? '' : `.${nameOf(list === 'invoices' ? table.invoice : table.address, leaf)}`;
  return `${list}${index === undefined ? '' : `.${index}`}${name}`;
}

/** Whether a value is what a changed leaf says, or as good as that: the very text, or the number or boolean that it can only mean. */
function isFaithful(
  value: string | number | bigint | boolean | symbol | null,
  sent: Value | undefined,
  table: WireTable,
  path: Path,
): boolean {
  if (value === FAILED || value === null) return value === FAILED || sent === null || sent === undefined;
  if (typeof value === 'boolean')
    return sent === value || sent === String(value) || table.invoice['status']?.values?.get(sent as string) === value;
  return (
    path.length > 0 &&
    (typeof sent === 'string' || typeof sent === 'number') &&
    String(value) === String(sent === 0 ? 0 : typeof sent === 'number' && sent >= 1e21 ? BigInt(sent) : sent)
  );
}

describe.each([
  ['the contract', CONTRACT_TABLE as WireTable],
  ['the dialect of a vendor', vendor],
])('A valid body of %s with one mutation', (_name, table) => {
  const lenient = new ResponseDecoder({ table });
  const strict = new ResponseDecoder({ table, strict: true });
  const cases = fc.tuple(fc.integer({ min: 1, max: 4 }), mutation);
  const decode = (decoder: ResponseDecoder, text: string): Said | null => {
    const bills = read(() => decoder.decode(Buffer.from(text), request).content);
    return bills === FAILED || bills === null ? null : say(bills as Bills, table);
  };
  const saidBy = (count: number): Said => decode(lenient, JSON.stringify(toBody(table, count)))!;

  it('says all of it when it is not mutated', () => {
    for (const decoder of [lenient, strict]) {
      const said = decode(decoder, JSON.stringify(toBody(table, 3)))!;
      expect([...said.values()]).not.toContain(FAILED);
      expect(said.get('invoices')).toBe(3);
    }
  });

  it('never shows an empty or a shorter list where one was sent, never loses a neighbour, and never changes a value', () => {
    fc.assert(
      fc.property(cases, ([count, change]) => {
        const body = toBody(table, count);
        const { text, path } = mutate(body, change);
        const before = saidBy(count);
        const said = decode(lenient, text);
        const changed = domainPath(table, path);
        // A leaf costs itself at most.
        if (said === null) {
          const isLeaf = path.length === 3 || (path.length === 1 && !changed.startsWith('invoices') && !changed.startsWith('billing'));
          const isNumber = changed.endsWith('contractNumber');
          if (isLeaf && !isNumber && change.kind !== 'move') throw new Error(`a leaf has cost the contract: ${text}`);
          return;
        }
        const isListCut = change.kind === 'cut' && changed === 'invoices';
        const sent = (JSON.parse(text) as Body)[table.lists.invoices];
        // Of a list that is there twice, the two may differ: then it fails.
        if (Array.isArray(sent))
          expect([text, said.get('invoices')]).toEqual([text, said.get('invoices') === FAILED ? FAILED : sent.length]);
        else if (said.get('invoices') === 0) expect([text, isListCut || sent === null]).toEqual([text, true]);
        for (const [at, value] of before) {
          if (
            at === changed ||
            at.startsWith(`${changed}.`) ||
            (changed !== '' && path.length === 2 && at.startsWith(`${changed.split('.')[0]}`))
          )
            continue;
          // A list that failed as a whole, or is another one, has no leaves to compare.
          const list = at.split('.')[0]!;
          if (!said.has(at)) {
            expect([text, said.get(list)]).toEqual([text, changed === list ? said.get(list) : FAILED]);
            continue;
          }
          expect([text, at, said.get(at)]).toEqual([text, at, at === list && said.get(at) === FAILED ? FAILED : value]);
        }
        if (path.length === 3 && said.has(changed) && (change.kind === 'retype' || change.kind === 'duplicate')) {
          const value = said.get(changed);
          const isSame = change.kind === 'duplicate' && value === before.get(changed);
          expect([text, isSame || isFaithful(value as string | null, change.value, table, path)]).toEqual([text, true]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is refused, or says all that it says without a loss, where the contract is checked strictly', () => {
    fc.assert(
      fc.property(cases, ([count, change]) => {
        const { text, path } = mutate(toBody(table, count), change);
        const said = decode(strict, text);
        if (said === null) return;
        const changed = domainPath(table, path);
        for (const [at, value] of saidBy(count)) {
          const isBelow = at === changed || at.startsWith(`${changed}.`) || (path.length === 2 && at.startsWith(changed.split('.')[0]!));
          if (!isBelow && said.has(at))
            expect([text, at, said.get(at)]).toEqual([text, at, at.includes('.') ? value : said.get(at) === FAILED ? FAILED : value]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('A body whose members have other names', () => {
  const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{2,11}$/);
  /** How many members the contract has, in all records. */
  const members = Object.values(CONTRACT_TABLE).flatMap(Object.keys).length;

  it('says all of it with the dialect that names them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(names, { minLength: members, maxLength: members }), fc.integer({ min: 0, max: 4 }), (fresh, count) => {
        const left = [...fresh];
        const rename = (leaves: LeafTable): LeafTable =>
          Object.fromEntries(Object.entries(leaves).map(([name, member]) => [name, { ...member, wire: left.pop()! }]));
        const table: WireTable = {
          contract: rename(CONTRACT_TABLE.contract),
          address: rename(CONTRACT_TABLE.address),
          invoice: rename(CONTRACT_TABLE.invoice),
          lists: { billingAddresses: left.pop()!, invoices: left.pop()! },
        };
        const said = say(new ResponseDecoder({ table }).decode(Buffer.from(JSON.stringify(toBody(table, count))), request).content!, table);
        const usual = say(
          new ResponseDecoder().decode(Buffer.from(JSON.stringify(toBody(CONTRACT_TABLE, count))), request).content!,
          CONTRACT_TABLE,
        );
        expect(said).toEqual(usual);
      }),
      { numRuns: RUNS },
    );
  });
});
