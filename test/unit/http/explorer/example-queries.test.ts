import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatAST, getOperationAST, Kind, parse, print, separateOperations } from 'graphql';
import { EXAMPLE_QUERIES } from '../../../../src/http/explorer/example-queries';

const FOLDER = join(__dirname, '../../../operations');
/** Fragments last, as in the examples. */
const files = readdirSync(FOLDER).sort((a, b) => Number(a.endsWith('-fields.graphql')) - Number(b.endsWith('-fields.graphql')));
const documents = files.map((file) => parse(readFileSync(join(FOLDER, file), 'utf8')));
/** The operations by name, each with the fragments that it uses. */
const operations = separateOperations(concatAST(documents));

describe('An example of the explorers', () => {
  const examples = EXAMPLE_QUERIES.map((example) => {
    const document = parse(example.query);
    const operation = getOperationAST(document)!;
    return { ...example, document, operation, name: operation.name!.value };
  });

  it.each(examples)('$name is an operation of test/operations', ({ document, name }) => {
    expect(print(document)).toBe(print(operations[name]!));
  });

  it.each(examples)('$name has a value for each variable that needs one', ({ operation, variables }) => {
    const declared = operation.variableDefinitions!.map(({ variable }) => variable.name.value);
    const required = operation.variableDefinitions!.filter(({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && !defaultValue);
    expect(declared).toEqual(expect.arrayContaining([...variables]));
    expect(variables).toEqual(expect.arrayContaining(required.map(({ variable }) => variable.name.value)));
  });
});
