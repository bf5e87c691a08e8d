import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openApiFile, readOpenApiDocument } from '../support/openapi-document';

/** The contract's tables, copied by hand: model, member, type. All members are optional there. */
const models = {
  billsCollection: { contractNo: 'string', billingAddress: 'address[]', dueDate: 'string', invoiceCollection: 'invoice[]' },
  address: { street: 'string', neighborhood: 'string', city: 'string', state: 'string', country: 'string', zipCode: 'string' },
  invoice: {
    invoiceContractNo: 'string',
    invoiceNumber: 'string',
    billPeriod: 'string',
    invoiceAmount: 'integer',
    invoiceStatus: 'boolean',
  },
  errorBody: { error: 'object' },
};

const run = promisify(execFile);
// As a process of its own: the validator is an ES module, which Jest cannot require on every Node that we support.
const validator = join(__dirname, '../node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js');

async function validate(file: string): Promise<unknown> {
  return JSON.parse((await run(process.execPath, [validator, file])).stdout);
}

interface Member {
  type: string;
  items?: { $ref: string };
}

function toTypeName(member: Member): string {
  return member.items === undefined ? member.type : `${member.items.$ref.replace('#/components/schemas/', '')}[]`;
}

describe('The contract as OpenAPI', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    expect(readOpenApiDocument().openapi).toBe('3.1.0');
    await expect(validate(openApiFile)).resolves.toEqual({ valid: true });
  });

  it('would be refused by the validator if a response had no description', async () => {
    const document = readOpenApiDocument();
    document.paths['/customers/{idType}/{id}/bills']!.get.responses['200'] = {} as never;
    const folder = await mkdtemp(join(tmpdir(), 'openapi-'));
    const changed = join(folder, 'changed.json');
    await writeFile(changed, JSON.stringify(document));
    await expect(validate(changed)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("must have required property 'description'"),
    });
    await rm(folder, { recursive: true });
  });

  it('has the models of the contract, with their members and types, and no others', () => {
    const { schemas } = readOpenApiDocument().components;
    const found = Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [
        name,
        Object.fromEntries(
          Object.entries(schema['properties'] as Record<string, Member>).map(([member, type]) => [member, toTypeName(type)]),
        ),
      ]),
    );
    expect(found).toEqual(models);
    expect(Object.values(schemas).every((schema) => schema['required'] === undefined)).toBe(true);
  });

  it('sets no limit to an amount', () => {
    const invoice = readOpenApiDocument().components.schemas['invoice'] as { properties: { invoiceAmount: object } };
    expect(Object.keys(invoice.properties.invoiceAmount).sort()).toEqual(['description', 'type']);
  });

  it('has the parameters of the contract', () => {
    const parameters = readOpenApiDocument().paths['/customers/{idType}/{id}/bills']!.get.parameters;
    const found = parameters.map((parameter) => [
      parameter['name'],
      parameter['in'],
      parameter['required'],
      (parameter['schema'] as Member).type,
    ]);
    expect(found).toEqual([
      ['id', 'path', true, 'number'],
      ['idType', 'path', true, 'string'],
      ['pageInit', 'query', false, 'integer'],
      ['quantity', 'query', false, 'integer'],
      ['contractNumber', 'query', true, 'integer'],
      ['Authorization', 'header', true, 'string'],
    ]);
  });

  it('has the one operation and the answers of the contract', () => {
    const { paths } = readOpenApiDocument();
    expect(Object.keys(paths)).toEqual(['/customers/{idType}/{id}/bills']);
    const [path] = Object.values(paths);
    expect(Object.keys(path!)).toEqual(['get']);
    expect(
      Object.entries(path!.get.responses).map(([status, response]) => [
        status,
        response.content['application/json']!.schema.$ref.split('/').pop(),
      ]),
    ).toEqual([
      ['200', 'billsCollection'],
      ['400', 'errorBody'],
      ['401', 'errorBody'],
      ['404', 'errorBody'],
      ['default', 'errorBody'],
    ]);
  });

  it('asks for OAuth 2.0 client credentials with the scope read', () => {
    const { security, components } = readOpenApiDocument();
    expect(security).toEqual([{ application: ['read'] }]);
    expect(components.securitySchemes).toMatchObject({
      application: {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: 'https://test.api.tigo.com/oauth/client_credential/accesstoken?grant_type=client_credentials',
            scopes: { read: 'Allows read bills collection' },
          },
        },
      },
    });
  });
});
