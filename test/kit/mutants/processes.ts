import type {Capability, Process, Step} from '@rkt/plugin-sdk';
import {both, change, launched, started, through} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* What the process of an app is, and the limits of its cgroup. */

const FLY = ['fly'] as const;

const withCapability =
  (more: Capability) =>
  ({capabilities}: Process) => ({
    capabilities: {...capabilities, bounding: [...new Set([...capabilities.bounding, more])]},
  });

const limit = (name: string, flavors: Mutant['flavors'], cases: readonly string[], says: RegExp) =>
  ({
    name: `no-${name}`,
    breaks: `the limit ${name} of a cgroup is set`,
    flavors,
    cases,
    says,
    mutate: change('cgroup', (step) => ({
      ...step,
      limits: Object.fromEntries(Object.entries(step.limits).filter(([key]) => key !== name)),
    })),
  }) satisfies Mutant;

export const processMutants: readonly Mutant[] = [
  {
    name: 'capability-more',
    breaks: 'an app has the capabilities of the specification and no other',
    flavors: FLY,
    cases: ['EX-48/default', 'EX-48/remove'],
    says: /^(?!.*[eE]nter)/s,
    sample: true,
    mutate: both(withCapability('CAP_NET_ADMIN')),
  },
  {
    name: 'capability-stays',
    breaks: 'what is removed from the capabilities is gone',
    flavors: FLY,
    cases: ['EX-48/remove'],
    says: /./,
    mutate: both(withCapability('CAP_MKNOD')),
  },
  {
    name: 'capabilities-not-narrowed',
    breaks: 'a retain-set is all there is',
    flavors: FLY,
    cases: ['EX-48/retain', 'EX-48/denied'],
    says: /./,
    mutate: both(({capabilities}) =>
      capabilities.bounding.length > 3
        ? {}
        : {
            capabilities: {
              ...capabilities,
              bounding: [...capabilities.bounding, 'CAP_MKNOD', 'CAP_CHOWN'].filter(
                (name, index, names) => names.indexOf(name) === index,
              ) as Capability[],
              effective: [...capabilities.effective, 'CAP_MKNOD', 'CAP_CHOWN'].filter(
                (name, index, names) => names.indexOf(name) === index,
              ) as Capability[],
            },
          },
    ),
  },
  {
    name: 'capabilities-of-a-user',
    breaks: 'an app of another user has no capability',
    flavors: FLY,
    cases: ['EX-48/user'],
    says: /./,
    mutate: both(({capabilities, uid}) =>
      uid === 0 ? {} : {capabilities: {...capabilities, effective: ['CAP_CHOWN'], ambient: ['CAP_CHOWN']}},
    ),
  },
  {
    name: 'privileges-gained',
    breaks: 'no-new-privileges is set and inherited',
    flavors: FLY,
    cases: ['EX-49/set'],
    says: /./,
    mutate: both(() => ({noNewPrivileges: false})),
  },
  {
    name: 'privileges-never-gained',
    breaks: 'without it, an app has no no-new-privileges',
    flavors: FLY,
    cases: ['EX-49/not-asked'],
    says: /./,
    mutate: both(() => ({noNewPrivileges: true})),
  },
  {
    name: 'no-filter',
    breaks: 'an app has a filter of system calls',
    flavors: FLY,
    cases: ['EX-43/default', 'EX-37/kills'],
    says: /./,
    mutate: both(() => ({seccomp: null})),
  },
  {
    name: 'filter-lets-one-pass',
    breaks: 'the filter by default blocks each call that endangers the host',
    flavors: FLY,
    cases: ['EX-43/verified'],
    says: /os\/linux\/seccomp-retain-set is lets calls pass/,
    sample: true,
    mutate: both(({seccomp}) => ({
      seccomp: seccomp && {
        ...seccomp,
        rules: [
          {syscalls: ['keyctl'], outcome: {action: 'allow'}},
          ...seccomp.rules
            .map((rule) => ({
              ...rule,
              syscalls: rule.syscalls.filter((name) => name !== 'keyctl'),
            }))
            .filter(({syscalls}) => syscalls.length > 0),
        ],
      },
    })),
  },
  {
    name: 'filter-fails-instead-of-killing',
    breaks: 'a filter without an errno kills by SIGSYS',
    flavors: FLY,
    cases: ['EX-38/kills', 'EX-37/kills'],
    says: /./,
    mutate: both(({seccomp}) => ({
      seccomp: seccomp && {
        default: seccomp.default.action === 'kill' ? {action: 'errno', errno: 1} : seccomp.default,
        rules: seccomp.rules.map((rule) => ({
          ...rule,
          outcome: rule.outcome.action === 'kill' ? {action: 'errno', errno: 1} : rule.outcome,
        })),
      },
    })),
  },
  {
    name: 'filter-with-another-errno',
    breaks: 'what a filter blocks fails with the errno that was asked for',
    flavors: FLY,
    cases: ['EX-40/EXDEV'],
    says: /cross-device/,
    mutate: both(({seccomp}) => ({
      seccomp: seccomp && {
        ...seccomp,
        rules: seccomp.rules.map((rule) => ({
          ...rule,
          outcome: rule.outcome.action === 'errno' ? {action: 'errno', errno: 1} : rule.outcome,
        })),
      },
    })),
  },
  {
    name: 'filter-blocks-more',
    breaks: 'a filter blocks nothing that was not asked for',
    flavors: FLY,
    cases: ['EX-45/empty'],
    says: /./,
    mutate: both(({seccomp}) => ({
      seccomp: seccomp && {
        ...seccomp,
        rules: [
          {syscalls: ['mkdir', 'mkdirat'], outcome: {action: 'errno', errno: 1}},
          ...seccomp.rules
            .map((rule) => ({
              ...rule,
              syscalls: rule.syscalls.filter((name) => !name.startsWith('mkdir')),
            }))
            .filter(({syscalls}) => syscalls.length > 0),
        ],
      },
    })),
  },
  {
    name: 'no-rlimits',
    breaks: 'resource limits of the process are as asked for',
    flavors: FLY,
    cases: ['EX-32/rlimits'],
    says: /./,
    mutate: both(() => ({rlimits: []})),
  },
  {
    name: 'open-files-of-launcher',
    breaks: 'who asks for nothing may open 1024 files',
    flavors: FLY,
    cases: ['EX-32/open-files'],
    says: /1024/,
    mutate: both(({rlimits}) => ({rlimits: rlimits.map((each) => ({...each, soft: each.hard}))})),
  },
  {
    name: 'rlimit-doubled',
    breaks: 'a resource limit is as low as asked for',
    flavors: FLY,
    cases: ['EX-32/rlimits'],
    says: /./,
    mutate: both(({rlimits}) => ({rlimits: rlimits.map((each) => ({...each, hard: each.hard && each.hard * 2}))})),
  },
  {
    name: 'no-oom-score',
    breaks: 'oom-score-adj is as asked for',
    flavors: FLY,
    cases: ['EX-33/oom', 'EX-33/report'],
    says: /./,
    mutate: both(() => ({oomScoreAdj: null})),
  },
  {
    name: 'as-root',
    breaks: 'the user of an app is the one that was asked for',
    flavors: FLY,
    cases: ['IM-16/user'],
    says: /./,
    sample: true,
    mutate: both(() => ({uid: 0})),
  },
  {
    name: 'group-of-root',
    breaks: 'the group of an app is the one that was asked for',
    flavors: FLY,
    cases: ['IM-16/user'],
    says: /./,
    mutate: both(() => ({gid: 0})),
  },
  {
    name: 'no-groups',
    breaks: 'supplementary groups are as asked for',
    flavors: FLY,
    cases: ['IM-16/user'],
    says: /./,
    mutate: both(() => ({groups: []})),
  },
  {
    name: 'group-more',
    breaks: 'an app has no groups but those that were asked for',
    flavors: FLY,
    cases: ['IM-16/user', 'S01/user'],
    says: /./,
    mutate: both(({groups}) => ({groups: [...groups, 6]})),
  },
  {
    name: 'umask-open',
    breaks: 'the umask is 0022',
    flavors: FLY,
    cases: ['IM-16/user'],
    says: /./,
    mutate: both(() => ({umask: 0})),
  },
  {
    name: 'directory-of-root',
    breaks: 'the working directory is the one that was asked for',
    flavors: FLY,
    cases: ['S01/directory'],
    says: /./,
    mutate: both(() => ({cwd: '/' as never})),
  },
  {
    name: 'variable-more',
    breaks: 'an app has the variables that it was given and no others',
    flavors: FLY,
    cases: ['EX-25/environment'],
    says: /LEAKED/,
    mutate: both(({env}) => ({env: [...env, {name: 'LEAKED', value: 'of the host'}]})),
  },
  {
    name: 'variable-less',
    breaks: 'an app has AC_APP_NAME',
    flavors: FLY,
    cases: ['EX-25/environment'],
    says: /./,
    mutate: both(({env}) => ({env: env.filter(({name}) => name !== 'AC_APP_NAME')})),
  },
  {
    name: 'variables-expanded',
    breaks: 'variables and arguments are literal',
    flavors: FLY,
    cases: ['IM-20/literal'],
    says: /./,
    mutate: started(({argv}) => ({argv: argv.map((word) => word.replace('$HOME', '/root'))})),
  },
  {
    name: 'not-apart',
    breaks: 'an app looks into no process of the host',
    flavors: FLY,
    cases: ['S28/other-user'],
    says: /looked/,
    sample: true,
    mutate: both(() => ({apart: undefined as never})),
  },
  {
    name: 'status-of-a-shell',
    breaks: 'an app that fails shows the caller just how',
    flavors: FLY,
    cases: ['run/status-2', 'run/killed-by-TERM', 'IM-15/none'],
    says: /status 1, not|127|143/,
    sample: true,
    mutate: started(through('"$@" || exit 1')),
  },
  {
    name: 'signals-kept',
    breaks: "the caller's signals are what the app gets",
    flavors: FLY,
    cases: ['run/gets-USR1'],
    says: /status|it was not over/,
    mutate: started(through('trap "" USR1; "$@"; exit $?')),
  },
  {
    name: 'signal-ignored',
    breaks: 'no signal is ignored in an app',
    flavors: FLY,
    cases: ['S35/signals'],
    says: /SigIgn/,
    mutate: started(through('trap "" INT; exec "$@"')),
  },
  {
    name: 'descriptor-more',
    breaks: 'an app has descriptors 0, 1 and 2 alone',
    flavors: FLY,
    cases: ['S04/descriptors'],
    says: /5/,
    sample: true,
    mutate: started(through('exec 5</etc; exec "$@"')),
  },
  {
    name: 'another-umask-inside',
    breaks: 'the umask is 0022, whoever sets another',
    flavors: FLY,
    cases: ['EX-25/environment'],
    says: /./,
    mutate: started(through('umask 0; exec "$@"')),
  },
  {
    name: 'app-left-behind',
    breaks: 'a pod whose app has ended has ended',
    flavors: FLY,
    cases: ['run/over'],
    says: /ended/,
    mutate: started(
      through(
        'mkfifo /tmp/left; (trap "" HUP INT TERM; read -r line </tmp/left) </dev/null >/dev/null 2>&1 & exec "$@"',
      ),
    ),
  },
  limit('memoryMax', FLY, ['EX-52/64M', 'EX-51/memory-status'], /- 64000000|status 0, not 137/),
  limit('memoryLow', FLY, ['EX-57/request'], /./),
  limit('memorySwapMax', FLY, ['EX-57/swap'], /./),
  limit('cpuMax', FLY, ['EX-56/limit'], /resource\/cpu/),
  limit('cpuShares', FLY, ['EX-56/shares'], /os\/linux\/cpu-shares/),
  limit('pidsMax', FLY, ['EX-51/pids', 'EX-51/pids-shown'], /ten tasks|resource\/pids/),
  limit('cpus', ['fly', 'nspawn'], ['EX-51/cpus'], /./),
  limit('memoryNodes', ['fly', 'nspawn'], ['EX-51/memory-nodes'], /./),
  limit('hugepages', ['fly', 'nspawn'], ['EX-51/hugepages'], /./),
  limit('ioBandwidth', ['fly', 'nspawn'], ['EX-53/disks'], /./),
  limit('ioOperations', ['fly', 'nspawn'], ['EX-53/disks'], /./),
  {
    name: 'limits-of-pod',
    breaks: 'the isolators of a pod bound its apps',
    flavors: ['fly', 'nspawn'],
    cases: ['EX-31/memory', 'EX-31/pids'],
    says: /67108864|forty tasks/,
    mutate: (flavor) => ({
      ...flavor,
      environment: (pod, host) => flavor.environment({...pod, limits: {}}, host),
    }),
  },
  {
    name: 'memory-doubled',
    breaks: 'a limit of memory is that many bytes',
    flavors: FLY,
    cases: ['EX-52/64Mi'],
    says: /./,
    sample: true,
    mutate: change('cgroup', (step) => ({
      ...step,
      limits: {...step.limits, ...(step.limits.memoryMax && {memoryMax: step.limits.memoryMax * 2})},
    })),
  },
  {
    name: 'limits-of-another-cgroup',
    breaks: 'limits are those of the cgroup that the app is in',
    flavors: FLY,
    cases: ['EX-52/64Mi', 'EX-51/pids-shown'],
    says: /./,
    mutate: (flavor) => ({
      ...flavor,
      environment: (pod, host) =>
        flavor.environment(pod, host).flatMap((step): Step[] =>
          step.do === 'cgroup'
            ? [
                {...step, limits: {}},
                {id: 'limits', do: 'cgroup', path: `${step.path}/limited`, limits: step.limits, join: false},
              ]
            : [step],
        ),
    }),
  },
  {
    name: 'streams-not-null',
    breaks: 'null: no input, and no output anywhere',
    flavors: FLY,
    cases: ['EX-24/null', 'EX-24/only-stdout'],
    says: /./,
    mutate: launched((launch) => (launch.into === 'rootfs' ? {...launch, stdio: {}} : launch)),
  },
  {
    name: 'errors-lost',
    breaks: 'standard output and standard error come apart, each whole',
    flavors: FLY,
    cases: ['EX-24/apart'],
    says: /^stderr/,
    sample: true,
    mutate: launched((launch) =>
      launch.into === 'rootfs' ? {...launch, stdio: {...launch.stdio, stderr: {to: 'null'}}} : launch,
    ),
  },
  {
    name: 'log-of-another-stream',
    breaks: 'rkt logs has what an app wrote to the stream that is logged',
    flavors: FLY,
    cases: ['EX-24/log-stdout', 'EX-24/log-stderr'],
    says: /./,
    mutate: launched((launch) =>
      launch.into === 'rootfs' && launch.stdio !== undefined
        ? {
            ...launch,
            stdio: {
              ...(launch.stdio.stdout && {stderr: launch.stdio.stdout}),
              ...(launch.stdio.stderr && {stdout: launch.stdio.stderr}),
            },
          }
        : launch,
    ),
  },
  {
    name: 'sockets-closed',
    breaks: 'a socket that was passed to rkt is that of the app',
    flavors: ['fly', 'nspawn'],
    cases: ['IM-24/passed'],
    says: /./,
    mutate: launched((launch) => ({...launch, passSockets: false})),
  },
  {
    name: 'dead-at-once',
    breaks: 'what says that a pod runs is there while it does',
    flavors: FLY,
    cases: ['run/living'],
    says: /RKT_FLAVOR_PLAN_INVALID/,
    mutate: change('cgroup', (step) => ({...step, join: false})),
  },
];
