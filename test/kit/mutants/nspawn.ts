import {all, change, type Edit, launched, written} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* What systemd-nspawn and the pod's systemd are told. */

const NSPAWN = ['nspawn'] as const;

/** A setting of the services of apps, taken away or replaced. */
const setting = (name: string, replace: (value: string) => string | undefined): Edit =>
  change(
    'write',
    (step) => ({
      ...step,
      content: step.content.includes('\nRootDirectory=')
        ? step.content
            .split('\n')
            .flatMap((line) => {
              if (!line.startsWith(`${name}=`)) return [line];
              const value = replace(line.slice(name.length + 1));
              return value === undefined ? [] : [`${name}=${value}`];
            })
            .join('\n')
        : step.content,
    }),
    /^etc\.systemd/,
  );

/** The arguments of systemd-nspawn. */
const argument = (edit: (argument: string) => string[]): Edit =>
  launched((launch) => ({...launch, process: {...launch.process, argv: launch.process.argv.flatMap(edit)}}));

const without = (name: string) => setting(name, () => undefined);

type Row = readonly [
  name: string,
  breaks: string,
  cases: readonly string[],
  says: RegExp,
  mutate: Edit,
  sample?: 'sample',
];

const rows: readonly Row[] = [
  [
    'unit-capabilities',
    'an app has the capabilities of the specification and no other',
    ['EX-48/default'],
    /./,
    setting('CapabilityBoundingSet', (value) => `${value} CAP_SYS_PTRACE`),
    'sample',
  ],
  ['unit-no-bounding-set', 'a retain-set is all there is', ['EX-48/retain'], /./, without('CapabilityBoundingSet')],
  [
    'unit-ambient',
    'an app of another user has no capability',
    ['EX-48/user'],
    /./,
    setting('UMask', (value) => `${value}\nAmbientCapabilities=CAP_CHOWN`),
  ],
  ['unit-privileges', 'no-new-privileges is set', ['EX-49/set'], /./, setting('NoNewPrivileges', () => 'no')],
  [
    'unit-privileges-more',
    'without it, an app has no no-new-privileges',
    ['EX-49/not-asked'],
    /./,
    setting('NoNewPrivileges', () => 'yes'),
  ],
  [
    'unit-no-filter',
    'an app has a filter of system calls',
    ['EX-43/verified'],
    /seccomp-retain-set/,
    without('SystemCallFilter'),
  ],
  [
    'unit-errno',
    'a retain-set fails what it does not list with the errno that was asked for',
    ['EX-38/errno'],
    /./,
    setting('SystemCallErrorNumber', () => 'EXDEV'),
  ],
  ['unit-user', 'the user of an app is the one that was asked for', ['IM-16/user'], /./, setting('User', () => '0')],
  ['unit-group', 'the group of an app is the one that was asked for', ['IM-16/user'], /./, setting('Group', () => '0')],
  ['unit-groups', 'supplementary groups are as asked for', ['IM-16/user'], /./, without('SupplementaryGroups')],
  ['unit-umask', 'the umask is 0022', ['IM-16/user'], /./, setting('UMask', () => '0000')],
  [
    'unit-directory',
    'the working directory is the one that was asked for',
    ['S01/directory'],
    /./,
    setting('WorkingDirectory', () => '/'),
  ],
  [
    'unit-variable',
    'an app has the variables that it was given and no others',
    ['EX-25/environment'],
    /LEAKED/,
    setting('UMask', (value) => `${value}\nEnvironment=LEAKED=x`),
  ],
  [
    'unit-variables-of-systemd',
    'an app has the variables that it was given and no others',
    ['EX-25/environment'],
    /besides/,
    without('UnsetEnvironment'),
    'sample',
  ],
  [
    'unit-open-files',
    'who asks for nothing may open as many files as with any other flavor',
    ['EX-32/open-files'],
    /1024/,
    setting('LimitNOFILE', () => '512:512'),
  ],
  ['unit-rlimits', 'resource limits of the process are as asked for', ['EX-32/rlimits'], /./, without('LimitNOFILE')],
  ['unit-oom', 'oom-score-adj is as asked for', ['EX-33/oom'], /./, without('OOMScoreAdjust')],
  ['unit-memory', 'a limit of memory is that many bytes', ['EX-52/64Mi'], /./, without('MemoryMax')],
  [
    'unit-request',
    'memory that was asked for is kept',
    ['EX-57/request'],
    /./,
    all(
      without('MemoryLow'),
      change('cgroup', ({limits: {memoryLow: _, ...limits}, ...step}) => ({...step, limits})),
    ),
  ],
  [
    'unit-swap',
    'memory that is limited is not swapped',
    ['EX-57/swap'],
    /./,
    all(
      without('MemorySwapMax'),
      change('cgroup', ({limits: {memorySwapMax: _, ...limits}, ...step}) => ({...step, limits})),
    ),
  ],
  ['unit-cpu', 'a limit of processor time is in the kernel', ['EX-56/limit'], /resource\/cpu/, without('CPUQuota')],
  [
    'unit-shares',
    'a weight of processor time is in the kernel',
    ['EX-56/shares'],
    /os\/linux\/cpu-shares/,
    all(without('CPUShares'), without('CPUWeight')),
  ],
  [
    'unit-tasks',
    'a limit of tasks is in the kernel',
    ['EX-51/pids-shown'],
    /resource\/pids/,
    setting('TasksMax', () => 'infinity'),
    'sample',
  ],
  ['unit-signals', 'no signal is ignored in an app', ['S35/signals'], /SigIgn/, setting('IgnoreSIGPIPE', () => 'yes')],
  [
    'unit-kills-all',
    'stop asks the main process alone',
    ['stop/main-alone'],
    /other asked/,
    setting('KillMode', () => 'control-group'),
  ],
  [
    'unit-kills-nobody',
    'the caller of an app that is asked to stop and ends has its status',
    ['stop/ends'],
    /status/,
    setting('KillMode', (value) => `${value}\nKillSignal=SIGKILL`),
  ],
  [
    'unit-input',
    'the input of rkt is that of the one app',
    ['EX-24/input-by-default'],
    /./,
    setting('StandardInput', () => 'null'),
  ],
  [
    'unit-errors',
    'standard output and standard error come apart',
    ['EX-24/apart'],
    /std(out|err)/,
    setting('StandardError', () => 'append:/proc/2/fd/1'),
  ],
  ['unit-no-restart', 'an app that is to be restarted starts again', ['restart/always'], /./, without('Restart')],
  [
    'unit-propagates',
    'S17: a mount is private',
    ['EX-01/rootfs'],
    /private|propag/,
    setting('MountFlags', () => 'shared'),
  ],
  [
    'unit-shows-cgroups',
    'kernel paths are hidden',
    ['S06/verified'],
    /\/sys\/fs/,
    setting('InaccessiblePaths', (value) => (value === '-+/sys/fs' ? undefined : value)),
  ],
  [
    'masks-nothing',
    'kernel paths are hidden',
    ['S06/verified'],
    /kernel-paths\/masked/,
    change('init', (step) => ({...step, maskedPaths: []})),
    'sample',
  ],
  [
    'masks-one-less',
    'each of the kernel paths is hidden',
    ['S06/verified'],
    /\/proc\/keys/,
    change('init', (step) => ({...step, maskedPaths: step.maskedPaths.filter((path) => path !== '/proc/keys')})),
  ],
  [
    'records-nothing',
    'the status of each app is recorded in the pod',
    ['exit-status/recorded'],
    /app-/,
    written(/^printf '%s\\n' "\$status" >"\$1"$/gm, ':'),
  ],
  [
    'records-another',
    'the status of each app is recorded in the pod',
    ['exit-status/recorded'],
    /./,
    written(/^status=\$MONITOR_EXIT_STATUS$/gm, 'status=$((MONITOR_EXIT_STATUS & 3))'),
  ],
  [
    'signal-is-a-status',
    'an app that ends by a signal ends with 128 and its number',
    ['run/killed-by-TERM'],
    /status/,
    written(/^ {2}status=\$\(\(128 \+ signal\)\)$/gm, '  status=$signal'),
    'sample',
  ],
  [
    'last-failure',
    'the status of a pod of several apps is that of the first that failed',
    ['apps/first-failing'],
    /status/,
    written(/^exit "\$code"$/gm, 'exit 0'),
  ],
  [
    'status-133',
    'an app that ends with 133 shows the caller just that',
    ['run/status-133'],
    /status 1, not 133/,
    written(/^if \[ "\$code" = 133 \]; then$/gm, 'if false; then'),
  ],
  [
    'no-hostname',
    'the pod has the host name that was asked for',
    ['PO-01/hostname'],
    /kit-pod|stdout/,
    argument((word) => (word.startsWith('--hostname=') ? [] : [word])),
  ],
  [
    'host-network',
    '--net=none: a network with nothing but loopback',
    ['EX-22/none'],
    /net/,
    argument((word) => (word === '--private-network' ? [] : [word])),
  ],
  [
    'host-ids',
    'a user namespace: root of the pod is none of the users of the host',
    ['S24/ids'],
    /./,
    argument((word) => (word.startsWith('--private-users') ? [] : [word.replace(/:idmap$/, '')])),
  ],
  [
    'host-ipc-unshared',
    "--ipc=parent: the host's ipc namespace",
    ['PO-01/ipc-host'],
    /ipc/,
    launched((launch) => ({
      ...launch,
      process: {...launch.process, env: launch.process.env.filter(({name}) => name !== 'SYSTEMD_NSPAWN_SHARE_NS_IPC')},
    })),
  ],
  [
    'signals-to-nobody',
    "the caller's signals are what the app gets",
    ['run/gets-USR1'],
    /status/,
    launched((launch) => {
      if (launch.into !== 'host') return launch;
      const {signalsTo: _, ...rest} = launch;
      return rest;
    }),
  ],
  [
    'sysctls-of-host',
    "a parameter of the kernel is that of the pod's own namespaces",
    ['EX-55/sysctl'],
    /./,
    (flavor) => ({
      ...flavor,
      environment: (pod, host) => flavor.environment(pod, host).filter((step) => step.do !== 'sysctl'),
    }),
  ],
  [
    'handlers-lost',
    'pre-start ends before the app starts',
    ['IM-18/handlers'],
    /before/,
    written(/^ExecStart=.*before.*$/gm, 'ExecStart=/bin/true'),
  ],
  [
    'journal-lost',
    'what an app writes to the journal is in rkt logs',
    ['EX-24/journal-stdout'],
    /./,
    setting('StandardOutput', (value) => (value === 'journal' ? 'null' : value)),
  ],
  [
    'log-lost',
    'what an app writes to its log is in rkt logs',
    ['EX-24/log-stdout'],
    /./,
    setting('StandardOutput', (value) => (value.includes('/rkt/logs/') ? 'null' : value)),
  ],
  [
    'ready-too-early',
    'a pod is not ready before its app',
    ['ready/not-before'],
    /status/,
    written(/^(Requires|After)=.*$/gm, '', /rkt-ready\.service$/),
  ],
  [
    'ready-never',
    'a pod is ready when its app has been started',
    ['ready/said'],
    /./,
    (flavor) => ({
      ...flavor,
      environment: (pod, host) => flavor.environment(pod, host).filter(({id}) => !/^etc\..*ready/.test(id)),
    }),
  ],
];

export const nspawnMutants: readonly Mutant[] = [
  ...rows.map(
    ([name, breaks, cases, says, mutate, sample]): Mutant => ({
      ...{name, breaks, flavors: NSPAWN, cases, says, mutate},
      ...(sample && {sample: true}),
    }),
  ),
];
