// What typedoc makes of the sources, with the options of `npm run reference`; and the examples that stand in it.

import { join } from 'node:path';
import { Application, Logger, LogLevel, type ProjectReflection } from 'typedoc';

const root = join(import.meta.dirname, '../..');

export interface Reference {
  readonly app: Application;
  readonly project: ProjectReflection;
  /** What `npm run reference` fails for. */
  readonly warnings: readonly string[];
}

class Collector extends Logger {
  readonly warnings: string[] = [];

  override log(message: string, level: LogLevel): void {
    super.log(message, level);
    if (level >= LogLevel.Warn) this.warnings.push(message);
  }
}

/** @param options  the file with typedoc's options */
export async function readReference(options: string = join(root, '.ci/typedoc.json')): Promise<Reference> {
  const logger = new Collector();
  const app = await Application.bootstrapWithPlugins({ options });
  app.logger = logger;
  const project = await app.convert();
  if (project === undefined) throw new Error(logger.warnings.join('\n'));
  app.validate(project);
  return { app, project, warnings: logger.warnings };
}

export interface Example {
  /** Whose it is: `cliquet.Client.open`. */
  readonly of: string;
  readonly program: string;
}

/** The relay and the address that stand in examples. */
export const exampleRelay = 'http://localhost:8787';
export const exampleAddress = 'someone@example.org';

/** All that stand in an `@example`, but for those that only run in a browser, or these alone. */
export function examplesOf({ project }: Reference, where: 'node' | 'browser'): Example[] {
  const inBrowser = (program: string) => program.includes("'cliquet/indexeddb'");
  return Object.values(project.reflections)
    .flatMap((reflection) =>
      (reflection.comment?.getTags('@example') ?? [])
        .flatMap(({ content }) => content)
        .flatMap(({ text }) => /^```ts\n([\s\S]*?)\n```$/.exec(text)?.[1] ?? [])
        .map((program) => ({ of: reflection.getFullName(), program })),
    )
    .filter(({ program }) => inBrowser(program) === (where === 'browser'));
}

const givenNames = ['client', 'group', 'inviteOfAnother', 'numberOnTheirScreen'];

/**
 * An example with what it takes as given, as a module.
 * @param folder  of this folder, as seen from where the module stands
 */
export function programOf({ program }: Example, folder: string): string {
  const taken = givenNames.filter(
    (name) => new RegExp(`\\b${name}\\b`).test(program) && !program.includes(`const ${name} =`),
  );
  if (taken.length === 0) return program;
  return `import { given } from '${folder}/given.ts';
const { ${taken.join(', ')} } = await given('${exampleRelay}');
${program}`;
}
