import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020';
import { parse } from 'yaml';

/** Where the contract is, as OpenAPI 3.1. */
export const openApiFile = join(__dirname, '../../schema/billing-v2.openapi.yaml');

export interface OpenApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  security: Record<string, string[]>[];
  paths: Record<
    string,
    {
      get: {
        parameters: Record<string, unknown>[];
        responses: Record<string, { description: string; content: Record<string, { schema: { $ref: string } }> }>;
      };
    }
  >;
  components: { securitySchemes: Record<string, AnySchemaObject>; schemas: Record<string, AnySchemaObject> };
}

/** A fresh copy of the document, to be changed at will. */
export function readOpenApiDocument(): OpenApiDocument {
  return parse(readFileSync(openApiFile, 'utf8')) as OpenApiDocument;
}

/**
 * A check of answers of the bills resource, one a status as the document has it. Models are closed first: the
 * contract does not forbid other members, but the embedded API promises to invent none.
 */
export function toAnswerCheck(document: OpenApiDocument): (status: number) => ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  // The references in the document point below `components`, so the schemas stay there, under a keyword without meaning.
  ajv.addVocabulary(['components']);
  const schemas = Object.fromEntries(
    Object.entries(document.components.schemas).map(([name, schema]) => [name, { ...schema, additionalProperties: false }]),
  );
  ajv.addSchema({ $id: 'contract', components: { schemas } });
  const responses = document.paths['/customers/{idType}/{id}/bills']!.get.responses;
  return (status) => {
    const response = responses[String(status)] ?? responses['default'];
    const reference = response?.content['application/json']?.schema.$ref;
    const check = reference === undefined ? undefined : ajv.getSchema(`contract${reference}`);
    if (check === undefined) throw new Error(`The document has no JSON answer for the status ${status}.`);
    return check;
  };
}
