import { findSchemaProblems, schemaFolder, toSchemaFiles } from './schema-files';

/** Compares the committed schema files with what the source tree makes; exit code 1 where they differ. */
async function main(): Promise<void> {
  const problems = await findSchemaProblems(toSchemaFiles(), schemaFolder);
  if (problems.length === 0) {
    console.log('The schema files are up to date.');
    return;
  }
  for (const problem of problems) console.error(problem);
  console.error('Run `npm run schema:emit`, look at what changed for clients, and commit it.');
  process.exitCode = 1;
}

void main();
