import path from 'node:path';
import {API, type Checker, type Program, type Project} from 'typescript/unstable/sync';

/** The root of the repository. */
export const root = path.resolve(import.meta.dirname, '../..');

/** The sources of the repository as TypeScript's own compiler sees them. */
export interface Compiler {
  readonly project: Project;
  readonly checker: Checker;
  readonly program: Program;
}

/**
 * Asks the compiler about the sources. Its API is called unstable by its makers: only what writes and checks generated text uses it.
 * @param use what it returns must not hold on to the compiler
 */
export const withCompiler = <T>(use: (compiler: Compiler) => T): T => {
  const api = new API({cwd: root});
  try {
    const config = path.join(root, 'tsconfig.json');
    const project = api.updateSnapshot({openProjects: [config]}).getProject(config);
    if (project === undefined) throw new Error(`the compiler has no project ${config}`);
    return use({project, checker: project.checker, program: project.program});
  } finally {
    api.close();
  }
};
