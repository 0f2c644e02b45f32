import type {JoinableKind} from '../../contract/step.ts';
import type {ReadBack} from '../../contract/support.ts';
import type {NamespaceFile, ProcessState} from '../../linux/read-back.ts';
import type {Finding} from './evidence.ts';

const FILES = {
  mount: 'mnt',
  uts: 'uts',
  ipc: 'ipc',
  net: 'net',
  pid: 'pid',
  user: 'user',
  cgroup: 'cgroup',
} as const satisfies Readonly<Record<JoinableKind, NamespaceFile>>;

/** Whether a namespace of a process is the host's, or its own. */
export const checkNamespace = (
  {kind, is}: Pick<Extract<ReadBack, {from: 'namespace'}>, 'kind' | 'is'>,
  state: ProcessState,
  host: ProcessState,
): Finding => {
  const file = FILES[kind];
  const shared = state.namespaces[file] === host.namespaces[file];
  return {
    expected: `${kind} namespace ${is === 'own' ? 'of its own' : "of the host's"}`,
    actual: shared ? "the host's" : 'its own',
    holds: shared === (is === 'host'),
  };
};
