import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { schemaFolder, toSchemaFiles } from './schema-files';

/** Writes the schema files into the folder `schema`. */
async function main(): Promise<void> {
  for (const file of toSchemaFiles()) {
    await writeFile(join(schemaFolder, file.name), file.text);
    console.log(`schema/${file.name} written.`);
  }
}

void main();
