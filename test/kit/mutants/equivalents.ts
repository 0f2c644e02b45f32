import type {Equivalent} from './mutant.ts';

/** Changes of a flavor that nobody can tell from it, or that break nothing that it promises. */
export const equivalents: readonly Equivalent[] = [
  {
    name: 'no-requires',
    changes: 'a promise does not say what the host must have',
    because: 'the host that it is tried on has it; elsewhere the promise fails by its own case',
  },
  {
    name: 'another-mechanism',
    changes: 'the text of a mechanism, a consequence or the summary',
    because: 'it is for people: nothing is done by it',
  },
  {
    name: 'volume-with-devices',
    changes: 'a volume is mounted without nodev',
    because:
      'the devices that its nodes could open are limited by the cgroup (devices/policy), and a flavor without that has no CAP_MKNOD',
  },
  {
    name: 'proc-with-setuid',
    changes: 'proc, sysfs or mqueue without nosuid, nodev or noexec',
    because: 'there are no programs and no nodes in them, and nobody can make any',
  },
  {
    name: 'programs-in-shared-memory',
    changes: '/dev/shm without noexec',
    because: 'an app may execute what it writes anywhere else; no promise of the contract is about it',
  },
  {
    name: 'no-message-queues',
    changes: '/dev/mqueue is not mounted',
    because: 'neither the specification nor the contract promises it',
  },
  {
    name: 'no-links-in-dev',
    changes: '/dev/fd, /dev/stdin, /dev/core or /etc/mtab is missing',
    because:
      'neither the specification nor the contract promises them; /dev/stdout and /dev/stderr are tried with logs',
  },
  {
    name: 'cgroup-within',
    changes: 'the app is in a cgroup of its own below that of the pod',
    because: 'limits, devices, stop and liveness are those of the cgroup above it',
  },
  {
    name: 'fewer-promises',
    changes: 'something that the flavor does is declared impossible',
    because: 'pods that ask for it are refused (EX-33/refused-…): it says less than is true, which harms nobody',
  },
  {
    name: 'limit-in-two-steps',
    changes: 'the steps are in another order that makes the same',
    because: 'a plan is what it makes',
  },
  {
    name: 'boasts-of-commands-to-come',
    changes: 'app-add, app-rm, app-start, app-stop, attach, stats, ports or network/named is declared',
    because: 'rkt has no way to ask for them yet, so that nobody can be deceived; the kit says so of each (untried)',
  },
  {
    name: 'enters-without-limits',
    changes: 'the process of enter has no resource limits and no oom-score-adj',
    because:
      'rkt gives what enters those of the process that it joins, whatever the flavor says (EX-32/rlimits and EX-33/oom pass)',
  },
  {
    name: 'outlives-rkt',
    changes: 'nspawn: PID 1 of the pod does not end with systemd-nspawn (--pdeathsig)',
    because:
      "the process that the kit can kill is rkt's own, which ends systemd-nspawn and by that the pod; that systemd-nspawn alone is killed is tried in test/fault",
  },
  {
    name: 'relay-is-outlived-by-bwrap',
    changes: 'bubblewrap: the shell that hands on signals does not have bwrap killed with it (--pdeathsig)',
    because: 'bwrap asks for that itself by --die-with-parent, without which it is seen (bwrap-is-outlived)',
  },
  {
    name: 'crun-by-a-shell-that-ignores',
    changes:
      'crun: the shell that hands on signals leaves SIGINT and SIGQUIT ignored, or a descriptor open, in what it starts',
    because: 'crun resets signals and closes descriptors before it starts an app; with bubblewrap both are seen',
  },
  {
    name: 'day-of-the-week',
    changes: 'a hook that reads a clock and makes the same of it for hours',
    because: 'it makes the same plan as long as anybody looks; what keeps the clock from hooks is not the kit',
  },
  {
    name: 'number-of-process',
    changes: 'a hook that makes its plan of the number of its process',
    because: 'hooks of others run in a pid namespace of their own, where that is the same each time',
  },
  {
    name: 'force-asks',
    changes: 'stop by force asks the pod to end, or kills one of its processes alone',
    because:
      'rkt itself kills what is left of the pod when the steps of a stop by force are done (stop/stubborn passes)',
  },
];
