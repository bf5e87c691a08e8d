import { SECTIONS, type Section } from './kinds/setting';
import { describeDefault, SETTINGS } from './settings';

/** The text of `--help`. */
export function toHelp(): string {
  const width = Math.max(...SETTINGS.map((setting) => setting.name.length)) + 2;
  const sections = (Object.keys(SECTIONS) as Section[]).flatMap((section) => [
    `${SECTIONS[section]}:`,
    ...SETTINGS.filter((setting) => setting.section === section).map(
      (setting) => `  ${setting.name.padEnd(width)}${setting.what} [${describeDefault(setting)}]${setting.secret ? ' (secret)' : ''}`,
    ),
    '',
  ]);
  return [
    'Usage: node dist/main.js [--help | --version]',
    '       node dist/main.js cost:check --help',
    '',
    'A GraphQL gateway over a REST billing API. Settings are read from the environment.',
    'A secret (marked so) may also be in a file: NAME_FILE is the path of the file that holds it.',
    '',
    ...sections,
  ].join('\n');
}
