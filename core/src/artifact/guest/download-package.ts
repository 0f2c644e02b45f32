import {chmodSync, chownSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {scratchDirectory} from '../../linux/scratch-directory.ts';
import {guestKernelFailed} from '../errors.ts';
import type {ListedPackage} from './listed-package.ts';
import {runTool} from './run-tool.ts';
import {takePackage} from './take-package.ts';

/**
 * Downloads a package of the distribution into a directory: apt's own user does it, where there is one, who reaches no other file of root's, and whose word is not taken for what it is.
 * @param what for the error
 * @returns the file
 * @throws RKT_GUEST_KERNEL_FAILED, RKT_SCRATCH_UNUSABLE
 */
export const downloadPackage = async (wanted: ListedPackage, directory: string, what: string): Promise<string> => {
  const {name, version} = wanted;
  using scratch = scratchDirectory('rkt-download-');
  const reached = join(scratch.path, 'reached');
  mkdirSync(reached);
  const user = process.geteuid?.() === 0 ? userOfApt() : undefined;
  if (user !== undefined) {
    chmodSync(scratch.path, 0o711);
    chownSync(reached, user, 0);
  }
  await runTool('apt-get', ['-q', 'download', `${name}=${version}`], {cwd: reached, what});
  const archive = readdirSync(reached).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw guestKernelFailed(what, `apt-get has downloaded nothing for ${name} ${version}`);
  const taken = join(directory, `${name}.deb`);
  takePackage(join(reached, archive), taken, wanted, what);
  return taken;
};

/** passwd(5) */
const userOfApt = (): number | undefined => {
  const line = /^_apt:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'latin1'));
  return line === null ? undefined : Number(line[1]);
};
