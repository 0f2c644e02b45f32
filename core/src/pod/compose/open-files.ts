import type {HostFacts} from '../../contract/host.ts';
import type {App} from '../../contract/pod.ts';
import type {Process} from '../../contract/process.ts';
import {SOFT_NOFILE} from '../../linux/restore.ts';

/** Where nobody has changed `fs.nr_open`, no kernel takes more; one of a machine, too. */
const MOST = 1_048_576;

/**
 * The resource limits of an app, with that of open files. Unless it asks for another one (`os/unix/rlimits`), it is 1024, for programs that use select(2), and the app may
 * raise it to the hard limit of rkt's caller, up to 1048576: what each flavor's launcher has by itself differs.
 */
export const openFiles = (
  {isolators, process}: Pick<App, 'isolators' | 'process'>,
  {hardLimits}: Pick<HostFacts, 'hardLimits'>,
): Process['rlimits'] => {
  const asked = isolators['os/unix/rlimits']?.limits ?? {};
  if (Object.hasOwn(asked, 'nofile')) return process.rlimits;
  const hard = Math.min(MOST, hardLimits.nofile ?? MOST);
  const others = process.rlimits.filter(({name}) => name !== 'nofile');
  return [...others, {name: 'nofile', soft: Math.min(SOFT_NOFILE, hard), hard}];
};
