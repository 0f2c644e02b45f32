import {constants, writeFileSync} from 'node:fs';
import type {NamespaceKind} from '../../contract/step.ts';
import {sysctlPath} from '../../contract/sysctl-path.ts';
import {newFileSystem} from '../../linux/mount.ts';
import {hasLeft} from '../../linux/namespaces.ts';
import {openBeneath} from '../../linux/openat2.ts';
import {isOn} from '../../linux/statfs.ts';
import {namespaceShared, sysctlNotNamespaced} from '../errors.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

const IPC = /^(kernel\/(msgmax|msgmnb|msgmni|auto_msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\/mqueue\/[^/]+)$/;

/** The namespace that confines a kernel parameter, or `undefined` for one of the whole host. */
export const sysctlNamespace = (key: string): NamespaceKind | undefined => {
  const path = sysctlPath(key);
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) return undefined;
  if (path.startsWith('net/')) return 'net';
  if (path === 'kernel/domainname' || path === 'kernel/hostname') return 'uts';
  return IPC.test(path) ? 'ipc' : undefined;
};

/** Sets a kernel parameter of a namespace of the pod's own. */
export const perform = ({key, value}: StepOf<'sysctl'>): Notes => {
  const namespace = sysctlNamespace(key);
  if (namespace === undefined) throw sysctlNotNamespaced(key);
  if (!hasLeft(namespace)) throw namespaceShared(`"${key}"`, namespace);
  // An instance of our own that is mounted nowhere: nobody can have put anything over its files.
  using proc = newFileSystem('proc');
  using file = openBeneath(proc, `sys/${sysctlPath(key)}`, constants.O_WRONLY, {noSymlinks: true, noMounts: true});
  if (!isOn(file, 'proc')) throw sysctlNotNamespaced(key);
  writeFileSync(file.number, value);
  return NOTHING;
};
