import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this package: `package.json` is beside `dist`, as it is beside `src`. */
export const VERSION = (JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as { version: string }).version;
