import {prepareExec} from './exec.ts';
import type {Fd} from './fd.ts';
import {closeOnExecFrom} from './fd-flags.ts';
import {openTree, setMountAttributes} from './mount.ts';
import {O_PATH, openHost} from './openat2.ts';
import {restoreStdio} from './restore.ts';
import {isReadOnly} from './statfs.ts';

const MARK = 'RKT_SEALED';

/** A read-only view of a program that belongs to no mount namespace, so that nobody can make it writable. */
const sealedView = (path: string): Fd => {
  using file = openHost(path, O_PATH);
  const view = openTree(file);
  setMountAttributes(view, {flags: ['ro']});
  return view;
};

/**
 * Makes sure that this process runs from a read-only mount: what it joins may trick it into executing /proc/self/exe and could then open
 * the host's own file for writing (S03). If it does not, the process starts itself again from a read-only view of the same file that
 * belongs to no mount namespace, so nobody can make it writable; the caller begins anew. To be called first, before there is any state.
 */
export const sealSelf = (): void => {
  using self = openHost('/proc/self/exe', O_PATH);
  if (isReadOnly(self)) return;
  if (process.env[MARK] !== undefined) throw new Error('a read-only mount of the running program is not read-only');
  const view = sealedView('/proc/self/exe');
  const start = prepareExec({
    argv: [process.argv0, ...process.execArgv, ...process.argv.slice(1)],
    env: Object.entries({...process.env, [MARK]: '1'}).flatMap(([name, value]) =>
      value === undefined ? [] : [{name, value}],
    ),
    rlimits: [],
    filters: [],
  });
  closeOnExecFrom(3);
  restoreStdio();
  start(view.path);
};
