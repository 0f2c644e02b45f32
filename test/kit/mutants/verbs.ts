import {entered, entering, stopping, through} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* What enters, and how a pod is stopped. */

const BOTH = ['fly', 'nspawn'] as const;
const FLY = ['fly'] as const;
const DIFFERS = /what enters has something else/;

export const verbMutants: readonly Mutant[] = [
  {
    name: 'enters-host-mounts',
    breaks: "what enters is in the app's mount namespace",
    flavors: BOTH,
    cases: ['S01/defaults'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'mount')})),
  },
  {
    name: 'enters-host-ipc',
    breaks: "what enters is in the app's ipc namespace",
    flavors: BOTH,
    cases: ['PO-01/ipc-private'],
    says: DIFFERS,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'ipc')})),
  },
  {
    name: 'enters-host-pids',
    breaks: "what enters is in the app's pid namespace",
    flavors: ['nspawn'],
    cases: ['S01/defaults'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'pid')})),
  },
  {
    name: 'enters-host-network',
    breaks: "what enters is in the app's network namespace",
    flavors: ['nspawn'],
    cases: ['EX-22/none'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'net')})),
  },
  {
    name: 'enters-host-name',
    breaks: "what enters is in the app's uts namespace",
    flavors: ['nspawn'],
    cases: ['S01/defaults'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'uts')})),
  },
  {
    name: 'enters-host-cgroups',
    breaks: "what enters is in the app's cgroup namespace",
    flavors: ['nspawn'],
    cases: ['S01/defaults'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'cgroup')})),
  },
  {
    name: 'enters-host-users',
    breaks: "what enters is in the app's user namespace",
    flavors: ['nspawn'],
    cases: ['S01/user-namespace'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, namespaces: launch.namespaces.filter((kind) => kind !== 'user')})),
  },
  {
    name: 'enters-with-filter-of-its-own',
    breaks: 'what enters has the very filters of the app',
    flavors: ['nspawn'],
    cases: ['S01/defaults'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, filtersOfMember: false})),
  },
  {
    name: 'enters-the-supervisor',
    breaks: 'what enters is in the cgroup of the app',
    flavors: ['nspawn'],
    cases: ['S01/defaults'],
    says: /enter/,
    mutate: (flavor) => ({
      ...flavor,
      ...(flavor.enter && {
        enter: (pod, app, command, host) =>
          ({...flavor.enter?.(pod, app, command, host), member: pod.supervisor}) as never,
      }),
    }),
  },
  {
    name: 'enters-with-capability',
    breaks: 'what enters has no capability that the app has not',
    flavors: BOTH,
    cases: ['S01/defaults'],
    says: DIFFERS,
    sample: true,
    mutate: entered(({capabilities}) => ({
      capabilities: {
        ...capabilities,
        bounding: [...capabilities.bounding, 'CAP_NET_ADMIN'],
        effective: [...capabilities.effective, 'CAP_NET_ADMIN'],
      },
    })),
  },
  {
    name: 'enters-without-filter',
    breaks: 'what enters has the filter of the app',
    flavors: BOTH,
    cases: ['S01/defaults', 'EX-43/entered'],
    says: /enter/,
    mutate: entering((launch) => ({...launch, filtersOfMember: false, process: {...launch.process, seccomp: null}})),
  },
  {
    name: 'enters-with-weaker-filter',
    breaks: 'the filter of what enters blocks what that of the app blocks',
    flavors: BOTH,
    cases: ['EX-37/entered'],
    says: /enter/,
    sample: true,
    mutate: entering((launch) => ({
      ...launch,
      filtersOfMember: false,
      process: {
        ...launch.process,
        seccomp: launch.process.seccomp && {
          ...launch.process.seccomp,
          rules: launch.process.seccomp.rules.flatMap((rule) => {
            const syscalls = rule.syscalls.filter((name) => !name.startsWith('mkdir'));
            return syscalls.length > 0 ? [{...rule, syscalls}] : [{...rule, syscalls: ['acct']}];
          }),
        },
      },
    })),
  },
  {
    name: 'enters-as-root',
    breaks: 'what enters is of the user of the app',
    flavors: BOTH,
    cases: ['S01/user'],
    says: DIFFERS,
    mutate: entered(() => ({uid: 0})),
  },
  {
    name: 'enters-with-group',
    breaks: 'what enters has the groups of the app',
    flavors: BOTH,
    cases: ['S01/user'],
    says: DIFFERS,
    mutate: entered(({groups}) => ({groups: [...groups, 6]})),
  },
  {
    name: 'enters-with-privileges',
    breaks: 'what enters cannot gain privileges where the app cannot',
    flavors: BOTH,
    cases: ['EX-49/set'],
    says: DIFFERS,
    mutate: entered(() => ({noNewPrivileges: false})),
  },
  {
    name: 'enters-not-apart',
    breaks: 'what enters looks into no process of the host',
    flavors: FLY,
    cases: ['S28/other-user'],
    says: /looked/,
    mutate: entered(() => ({apart: undefined as never})),
  },
  {
    name: 'enters-with-variable',
    breaks: 'what enters has the variables of the app',
    flavors: BOTH,
    cases: ['S01/defaults'],
    says: DIFFERS,
    mutate: entered(({env}) => ({env: [...env, {name: 'LEAKED', value: 'of the host'}]})),
  },
  {
    name: 'enters-at-root',
    breaks: 'what enters is in the working directory of the app',
    flavors: BOTH,
    cases: ['S01/directory'],
    says: DIFFERS,
    mutate: entered(() => ({cwd: '/' as never})),
  },
  {
    name: 'enters-with-umask',
    breaks: 'what enters has the umask of the app',
    flavors: BOTH,
    cases: ['S01/defaults'],
    says: DIFFERS,
    mutate: entered(() => ({umask: 0})),
  },
  {
    name: 'enters-with-sockets',
    breaks: 'an entered command has descriptors 0, 1 and 2 only',
    flavors: FLY,
    cases: ['S04/entered-sockets'],
    says: /RKT_ENTER_SOCKETS/,
    mutate: entering((launch) => ({...launch, passSockets: true})),
  },
  {
    name: 'enters-with-descriptor',
    breaks: 'an entered command has descriptors 0, 1 and 2 only',
    flavors: BOTH,
    cases: ['S04/entered'],
    says: /5/,
    mutate: entered(through('exec 5</etc; exec "$@"')),
  },
  {
    name: 'enters-with-good-end',
    breaks: "the exit status of an entered command is enter's",
    flavors: BOTH,
    cases: ['enter/status'],
    says: /status 0, not 11/,
    sample: true,
    mutate: entered(through('"$@"; exit 0')),
  },
  {
    name: 'enters-ignoring-signals',
    breaks: 'what an app and what enters it have inherited is the same',
    flavors: BOTH,
    cases: ['S35/inherited', 'S01/defaults'],
    says: /./,
    mutate: entered(through('trap "" USR1; exec "$@"')),
  },
  {
    name: 'enters-nothing',
    breaks: 'a flavor that declares enter can',
    flavors: BOTH,
    cases: ['enter/status'],
    says: /RKT_POD_ENTER_IMPOSSIBLE/,
    mutate: ({enter: _, ...flavor}) => flavor,
  },
  {
    name: 'stop-does-nothing',
    breaks: 'who has been told that a pod is stopped does not have to wait for its end',
    flavors: BOTH,
    cases: ['stop/traps'],
    says: /the pod goes on/,
    sample: true,
    mutate: stopping(() => []),
  },
  {
    name: 'stop-asks-and-leaves',
    breaks: 'an app that is asked to stop and does not want to is ended',
    flavors: BOTH,
    cases: ['stop/in-the-end'],
    says: /the pod goes on/,
    mutate: stopping((force) => (force ? [{do: 'kill'}] : [{do: 'signal', to: 'supervisor', signal: 'SIGTERM'}])),
  },
  {
    name: 'stop-kills',
    breaks: 'an app that is to stop is asked first',
    flavors: BOTH,
    cases: ['stop/traps'],
    says: /137|status/,
    mutate: stopping(() => [{do: 'kill'}]),
  },
  {
    name: 'stop-by-another-signal',
    breaks: 'an app is asked to stop by SIGTERM',
    flavors: FLY,
    cases: ['stop/traps', 'stop/ends'],
    says: /status/,
    mutate: stopping((force) =>
      force
        ? [{do: 'kill'}]
        : [{do: 'signal', to: 'supervisor', signal: 'SIGINT'}, {do: 'await-exit', milliseconds: 10_000}, {do: 'kill'}],
    ),
  },
  {
    name: 'stop-asks-everybody',
    breaks: 'stop asks the main process alone',
    flavors: FLY,
    cases: ['stop/main-alone'],
    says: /other asked/,
    mutate: stopping((force) =>
      force
        ? [{do: 'kill'}]
        : [{do: 'signal', to: 'pod', signal: 'SIGTERM'}, {do: 'await-exit', milliseconds: 10_000}, {do: 'kill'}],
    ),
  },
];
