import { getOperationAST, parse } from 'graphql';
import { fragmentsOf, OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();

function ask(source: string, variableValues: Record<string, unknown> = {}): boolean {
  const document = parse(source);
  return new OperationModel({ schema, fragments: fragmentsOf(document), variableValues }, getOperationAST(document)!).needsToken;
}

const data = 'customer(idType: "RUC", id: "1") { id }';

describe('needsToken', () => {
  it.each([
    '{ __typename }',
    '{ __schema { types { name } } }',
    '{ __type(name: "Query") { name } }',
    '{ _service { sdl } }',
    '{ a: __typename ... { _service { sdl } } ...F } fragment F on Query { __typename }',
  ])('is false of %s', (source) => {
    expect(ask(source)).toBe(false);
  });

  it.each([
    `{ ${data} }`,
    '{ _entities(representations: []) { __typename } }',
    `{ __typename ${data} }`,
    `{ __schema: ${data} }`,
    `{ _service: ${data} }`,
    `{ ... { ${data} } }`,
    `{ ... on Query { ... { ${data} } } }`,
    `{ ...__schema } fragment __schema on Query { ${data} }`,
    `{ ...__type ...__typename } fragment __type on Query { __typename } fragment __typename on Query { ...Deep } fragment Deep on Query { ${data} }`,
    `{ ...A ...A @skip(if: true) } fragment A on Query { ${data} }`,
    `{ ...A @skip(if: true) ...A } fragment A on Query { ${data} }`,
  ])('is true of %s', (source) => {
    expect(ask(source)).toBe(true);
  });

  it.each([
    [`{ __typename ${data.replace('{', '@skip(if: true) {')} }`, {}, false],
    [`{ __typename ... @include(if: false) { ${data} } }`, {}, false],
    [`query($no: Boolean!) { __typename ...F @include(if: $no) } fragment F on Query { ${data} }`, { no: false }, false],
    [`query($no: Boolean!) { __typename ...F @include(if: $no) } fragment F on Query { ${data} }`, { no: true }, true],
    [`query($no: Boolean = true) { __typename ...F @skip(if: $no) } fragment F on Query { ${data} }`, { no: null }, true],
  ])('does not count what is left out of %s with %j', (source, variables, expected) => {
    expect(ask(source, variables)).toBe(expected);
  });

  it('ends with fragments that lead in a circle', () => {
    expect(ask('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).toBe(false);
  });
});
