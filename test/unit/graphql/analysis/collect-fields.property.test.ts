import fc from 'fast-check';
import { getOperationAST, parse, type FieldNode, type GraphQLObjectType } from 'graphql';
import { collectFields as collectByRules } from 'graphql/execution/collectFields';
import { OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { conditionValues } from '../../../../src/graphql/analysis/variables/coerce-variables';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const condition = fc.constantFrom('true', 'false', '$a', '$b');
const directives = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: condition.map((value) => `@include(if: ${value})`) },
  { weight: 1, arbitrary: condition.map((value) => `@skip(if: ${value})`) },
  { weight: 1, arbitrary: fc.tuple(condition, condition).map(([skip, include]) => `@skip(if: ${skip}) @include(if: ${include})`) },
);
const key = fc.constantFrom('', 'x: ', 'y: ');
const { selections } = fc.letrec<{ selections: string; selection: string }>((tie) => ({
  selection: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(key, directives).map(([alias, only]) => `${alias}number ${only}`),
    fc.tuple(fc.constantFrom('__typename', 'dueDate', 'missing'), directives).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('F', 'G', 'Missing'), directives).map(([name, only]) => `...${name} ${only}`),
    fc
      .tuple(fc.constantFrom('on Contract', 'on Invoice', 'on _Entity', 'on Nothing', ''), directives, tie('selections'))
      .map(([type, only, inner]) => `... ${type} ${only} { ${inner} }`),
  ),
  selections: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((all) => all.join(' ')),
}));
const typeOf = fc.constantFrom('Contract', 'Invoice', '_Entity');
const document = fc
  .tuple(selections, selections, selections, typeOf, typeOf)
  .map(
    ([root, f, g, onF, onG]) =>
      `query($a: Boolean!, $b: Boolean = false) { entity { ${root} } } fragment F on ${onF} { ${f} } fragment G on ${onG} { ${g} }`,
  );

describe('The fields that are selected of an object', () => {
  it("are graphql-js's, with their nodes and in their order, whatever the conditions", () => {
    const contract = schema.getType('Contract') as GraphQLObjectType;
    let merged = 0;
    fc.assert(
      fc.property(document, fc.boolean(), fc.option(fc.boolean(), { nil: undefined }), (source, a, b) => {
        const parsed = parse(source);
        const operation = getOperationAST(parsed)!;
        const model = OperationModel.of({ schema, document: parsed, operation }, conditionValues(operation, { a, b }));
        // No validated operation has some of these selections: what the schema does not know is left out all the same.
        const [entity] = model.rootFields;
        const found = entity!.fieldsOf(contract).map((each) => [each.key, each.nodes] as const);
        const set = (operation.selectionSet.selections[0] as FieldNode).selectionSet!;
        const expected = [...collectByRules(schema, model.source.fragments, { a, b: b ?? false }, contract, set)];
        expect(found).toEqual(expected);
        for (const [index, [, nodes]] of found.entries())
          for (const [at, node] of nodes.entries()) expect(node).toBe(expected[index]![1][at]);
        if (found.some(([, nodes]) => nodes.length > 1)) merged++;
      }),
      { numRuns: 1000 },
    );
    expect(merged).toBeGreaterThan(100);
  });
});
