import type {Finding, HostFacts} from '@rkt/plugin-sdk';
import {JOURNALD} from './journal.ts';
import {systemdVersion} from './systemd-version.ts';
import {JOURNAL_PROGRAMS, NEEDED} from './tree.ts';

/** The first that tells a unit how the one that it follows has ended. */
const OLDEST_SYSTEMD = 251;
/** The newest that starts apps with exactly the capabilities that they have; measured: 252, 254 and 257. */
const NEWEST_EXACT_SYSTEMD = 254;

/** What of this host keeps pods from running, or from running exactly as promised. */
export const probe = (host: HostFacts): Finding[] => [
  ...lacking(host).map((program) => ({
    severity: 'missing' as const,
    what: `${program} is not installed`,
    fix: program === 'systemd-nspawn' ? 'install the package systemd-container' : `install what has ${program}`,
  })),
  ...(systemdVersion(host) >= OLDEST_SYSTEMD || lacking(host).includes('systemd-nspawn')
    ? []
    : [
        {
          severity: 'missing' as const,
          what: Number.isNaN(systemdVersion(host))
            ? 'systemd-nspawn does not tell its version'
            : `systemd ${systemdVersion(host)} is too old`,
          fix: `install ${OLDEST_SYSTEMD} or newer`,
        },
      ]),
  ...(!(systemdVersion(host) > NEWEST_EXACT_SYSTEMD)
    ? []
    : [
        {
          severity: 'degraded' as const,
          what:
            `systemd ${systemdVersion(host)} gives apps inheritable capabilities, and they cannot read all of their own first ` +
            'process in /proc; rkt enter differs in both',
          fix: `run pods with systemd ${OLDEST_SYSTEMD} to ${NEWEST_EXACT_SYSTEMD}, for example of an image: --stage1=IMAGE`,
        },
      ]),
  ...JOURNAL_PROGRAMS.filter((name) => host.programs[name] == null).map((name) => ({
    severity: 'note' as const,
    what: `${name} is not installed: no app can write to a journal`,
    fix: name === JOURNALD ? 'install the package systemd' : `install what has ${name}`,
  })),
  ...(host.cgroup.hierarchies.some(({version}) => version === 2)
    ? []
    : [
        {
          severity: 'missing' as const,
          what: 'no cgroup2 is mounted',
          fix: 'mount it, on /sys/fs/cgroup/unified where cgroup v1 is in use',
        },
      ]),
];

const lacking = ({programs}: HostFacts): string[] =>
  ['systemd-nspawn', ...NEEDED].filter((name) => programs[name] == null);
