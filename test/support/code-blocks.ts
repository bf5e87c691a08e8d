/** A fenced block of code in a Markdown text. */
export interface CodeBlock {
  /** Such as `README.md:10`, where the fence opens. */
  readonly place: string;
  /** The nearest heading above it, without its marks. */
  readonly heading: string;
  /** Empty where the fence names none. */
  readonly language: string;
  /** Without the indentation of the fence itself. */
  readonly text: string;
}

/** All fenced blocks of a text (CommonMark, section 4.5), in their order. Throws where one is not closed. */
export function findCodeBlocks(markdown: string, file: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = '';
  let open: { place: string; fence: string; indent: string; language: string; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = /^( *)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open && fence.startsWith(open.fence) && info.trim() === '') {
      blocks.push({ place: open.place, heading, language: open.language, text: open.lines.map((each) => `${each}\n`).join('') });
      open = null;
    } else if (open) open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    else if (fence !== '') open = { place: `${file}:${index + 1}`, fence, indent, language: info.trim().split(' ', 1)[0] ?? '', lines: [] };
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
  }
  if (open) throw new Error(`The block at ${open.place} is not closed.`);
  return blocks;
}

/** The commands of a block for a shell: one a line, without comments, and with continued lines as one. */
export function toCommands(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}
