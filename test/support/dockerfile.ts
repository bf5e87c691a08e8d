import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Copy, DockerfileParser, From } from 'dockerfile-ast';

/** One instruction: its keyword, and its arguments as they are written. */
export interface DockerInstruction {
  readonly keyword: string;
  readonly text: string;
  readonly args: readonly string[];
}

/** A stage of a Dockerfile, from one FROM to the next. */
export interface DockerStage {
  readonly image: string;
  /** As `COPY --from` calls it; the last one may have none. */
  readonly name: string | null;
  readonly instructions: readonly DockerInstruction[];
}

/** The text of the Dockerfile at the root. */
export const dockerfile = readFileSync(join(__dirname, '../../Dockerfile'), 'utf8');

/** Reads a Dockerfile into its stages. */
export function parseDockerfile(text: string): DockerStage[] {
  const stages: { image: string; name: string | null; instructions: DockerInstruction[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) {
      stages.push({ image: instruction.getImage() ?? '', name: instruction.getBuildStage(), instructions: [] });
      continue;
    }
    // The parser keeps flags such as `--from=build` apart.
    const flags = instruction instanceof Copy ? instruction.getFlags().map((flag) => flag.toString()) : [];
    const args = [...flags, ...instruction.getArguments().map((each) => each.getValue())];
    stages.at(-1)?.instructions.push({ keyword: instruction.getKeyword(), text: instruction.getArgumentsContent() ?? '', args });
  }
  return stages;
}

/** The arguments of the stage's instructions of this keyword, in order. */
export function argumentsOf(stage: DockerStage, keyword: string): string[] {
  return stage.instructions.filter((each) => each.keyword === keyword).map(({ text }) => text);
}

/** A command in the form of JSON, which runs without a shell. Throws where it is not in that form. */
export function parseExecForm(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}
