import { getOperationAST, parse, type OperationDefinitionNode } from 'graphql';
import { haveMoreValues, haveWideObject } from '../../../../../src/graphql/analysis/variables/variables-size';

const operation = getOperationAST(parse('query($a: [ID!], $b: InvoiceFilter) { __typename }')) as OperationDefinitionNode;
const members = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, index]));

describe('The variables of a request', () => {
  it.each([
    // Two variables, absent ones included, and what they hold.
    [undefined, 2],
    [{ a: ['1', '2', '3'] }, 5],
    [{ a: [['1'], { x: { y: null } }], b: { billPeriods: ['1', '2'] } }, 10],
    [{ a: ['1'], other: ['1', '2', '3'] }, 3],
  ])('%j hold %d values that the operation declares', (variables, count) => {
    expect(haveMoreValues(variables, operation, count)).toBe(false);
    expect(haveMoreValues(variables, operation, count - 1)).toBe(true);
  });

  it('have a wide object where any object that the operation declares has more than 100 members', () => {
    for (const [variables, isWide] of [
      [{ b: members(100), other: members(200) }, false],
      [{ b: members(101) }, true],
      [{ a: [null, '1', [members(101)]] }, true],
      [{ a: Array.from({ length: 200 }, () => members(3)) }, false],
      [undefined, false],
    ] as const)
      expect(haveWideObject(variables, operation)).toBe(isWide);
  });
});
