import fc from 'fast-check';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { parseContractNodeId, parseCustomerNodeId, toContractNodeId, toCustomerNodeId } from '../../../../src/billing/model/node-id';

const digits = fc.stringMatching(/^[0-9]{1,20}$/);
const customer = fc.record({ idType: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/), id: digits });
const refuses = (read: () => unknown): void => expect(read).toThrow(BillingError);

describe('The id of a customer or a contract', () => {
  it('stands for it alone', () => {
    fc.assert(
      fc.property(customer, digits, (of, number) => {
        expect(parseCustomerNodeId(toCustomerNodeId(of))).toEqual(of);
        expect(parseContractNodeId(toContractNodeId(of, number))).toEqual({ customer: of, number });
        refuses(() => parseContractNodeId(toCustomerNodeId(of)));
        refuses(() => parseCustomerNodeId(toContractNodeId(of, number)));
      }),
    );
  });

  it('is different for each', () => {
    fc.assert(
      fc.property(customer, customer, digits, digits, (a, b, one, other) => {
        const isSame = a.idType === b.idType && a.id === b.id;
        expect(toCustomerNodeId(a) === toCustomerNodeId(b)).toBe(isSame);
        expect(toContractNodeId(a, one) === toContractNodeId(b, other)).toBe(isSame && one === other);
      }),
    );
  });

  it('is refused where anything was changed', () => {
    const made = toContractNodeId({ idType: 'RUC', id: '80012345' }, '700100');
    fc.assert(
      fc.property(fc.nat(made.length), fc.string({ maxLength: 2 }), fc.nat(2), (at, inserted, removed) => {
        const changed = made.slice(0, at) + inserted + made.slice(at + removed);
        if (changed === made) return;
        const other = Buffer.from(changed, 'base64url').toString('latin1');
        // Another contract's, as it would have been made.
        if (
          /^Contract:[A-Za-z][A-Za-z0-9_-]{0,31}:[0-9]{1,20}:[0-9]{1,20}$/.test(other) &&
          Buffer.from(other).toString('base64url') === changed
        )
          return;
        refuses(() => parseContractNodeId(changed));
      }),
    );
  });

  it('is refused by its own name, whatever is wrong with its parts', () => {
    for (const text of ['Customer:1:80012345', 'Customer:RUC:x', 'Customer:RUC', 'Contract:RUC:80012345:x', 'x'])
      for (const parseId of [parseCustomerNodeId, parseContractNodeId])
        expect(() => parseId(Buffer.from(text).toString('base64url'))).toThrow(
          /^`nodeId` must be an id taken from `(?:Customer|Contract)\.nodeId`\.$/,
        );
  });

  it.each([null, undefined, 7, '', 'x', '=', 'Q29udHJhY3Q', 'a'.repeat(10_000), {}])('is not %j', (value) => {
    refuses(() => parseContractNodeId(value));
    refuses(() => parseCustomerNodeId(value));
  });
});
