// Lints texts as if they were the content of files that exist, and writes the findings as JSON. A process of its own:
// ESLint's configuration is an ES module, which Jest does not load. Takes [{ file, text }] as its argument.
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const cases = JSON.parse(process.argv[2]);
// Without the rules that need types: none of them is asked for here, and types cost seconds.
const eslint = new ESLint({ overrideConfig: { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked } });
const findings = [];
for (const { file, text } of cases) {
  const [result] = await eslint.lintText(text, { filePath: file });
  findings.push(result.messages.map(({ line, ruleId, message }) => ({ line, ruleId, message })));
}
process.stdout.write(JSON.stringify(findings));
