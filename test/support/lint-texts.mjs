// Lints texts as if they were the content of files that exist. A process of its own: ESLint's configuration is an ES module, which
// Jest does not load. Takes lines of JSON, each [{ file, text }], and answers each with a line: the findings of each text.
import { createInterface } from 'node:readline';
import { ESLint } from 'eslint';

const eslint = new ESLint();
for await (const line of createInterface({ input: process.stdin })) {
  const findings = [];
  for (const { file, text } of JSON.parse(line)) {
    const [result] = await eslint.lintText(text, { filePath: file });
    findings.push(result.messages.map(({ line, ruleId, message }) => ({ line, ruleId, message })));
  }
  process.stdout.write(`${JSON.stringify(findings)}\n`);
}
