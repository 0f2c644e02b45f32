import {CHANGES} from '@rkt/plugin-sdk';
import {add, all, change, drop, inApp, launched, leak, onHost, steps} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* What an app has around it: root file system, volumes, devices, masks, names. */

const FLY = ['fly'] as const;
const BOTH = ['fly', 'nspawn'] as const;

const moreDevices = change('cgroup', (step) => ({
  ...step,
  devices: [...(step.devices ?? []), {type: 'char', major: 10, minor: null, access: 'rwm'}],
}));

export const fileMutants: readonly Mutant[] = [
  {
    name: 'no-mount-namespace',
    breaks: 'mounts are those of the pod alone',
    flavors: FLY,
    cases: ['run/living'],
    says: /RKT_FLAVOR_PLAN_INVALID/,
    mutate: change('namespace', (step) => ({...step, unshare: step.unshare.filter((kind) => kind !== 'mount')})),
  },
  {
    name: 'rootfs-not-writable',
    breaks: 'a rootfs that is not read-only can be written',
    flavors: BOTH,
    cases: ['EX-02/writable'],
    says: /status/,
    mutate: add((app) => [{id: 'extra', do: 'remount', target: inApp(app, '/'), flags: ['ro']}]),
  },
  {
    name: 'rootfs-not-read-only',
    breaks: 'a read-only rootfs cannot be written',
    flavors: BOTH,
    cases: ['EX-02/read-only'],
    says: /wrote/,
    sample: true,
    mutate: drop(/^readonly\./),
  },
  {
    name: 'changes-not-kept',
    breaks: 'what an app has written is there when it has ended',
    flavors: BOTH,
    cases: ['IM-04/exported'],
    says: /RKT_POD_CHANGES_NOT_KEPT/,
    mutate: add(() => [{id: 'changes', do: 'mkdir', target: {in: 'pod', path: CHANGES}, mode: 0o700, uid: 0, gid: 0}]),
  },
  {
    name: 'leaks-root-of-host',
    breaks: 'nothing of the host is mounted in an app',
    flavors: BOTH,
    cases: ['EX-01/rootfs'],
    says: /\/mnt/,
    sample: true,
    mutate: leak('/', '/mnt', ['ro']),
  },
  {
    name: 'leaks-memory-of-host',
    breaks: 'nothing of the host is mounted in an app, of whatever type',
    flavors: FLY,
    cases: ['EX-01/rootfs'],
    says: /\/dev\/shm/,
    mutate: leak('/dev/shm', '/dev/shm'),
  },
  {
    name: 'leaks-terminals-of-host',
    breaks: 'nothing of the host is mounted in an app, of whatever type',
    flavors: FLY,
    cases: ['EX-01/rootfs'],
    says: /\/dev\/pts/,
    mutate: leak('/dev/pts', '/dev/pts'),
  },
  {
    name: 'leaks-sys-of-host',
    breaks: 'nothing below /sys can be written',
    flavors: FLY,
    cases: ['S07/nothing-written'],
    says: /RKT_MOUNT_TARGET_KERNEL/,
    mutate: leak('/sys', '/sys'),
  },
  {
    name: 'volume-not-read-only',
    breaks: 'a read-only volume is read-only',
    flavors: BOTH,
    cases: ['PO-09/read-only', 'PO-09/verified'],
    says: /of the host|\/b can be written/,
    sample: true,
    mutate: change('bind', (step) => ({...step, flags: step.flags.filter((flag) => flag !== 'ro')}), /^volume\./),
  },
  ...(['slave', 'shared'] as const).map(
    (how): Mutant => ({
      name: `volume-not-${how}`,
      breaks: 'mounts that come later are there on the other side',
      flavors: how === 'slave' ? BOTH : FLY,
      cases: [`PO-10/${how}`],
      says: /./,
      ...(how === 'slave' ? {sample: true} : {}),
      mutate: change('bind', ({propagation: _, ...step}) => step, /^volume\./),
    }),
  ),
  {
    name: 'volume-read-only',
    breaks: 'an empty volume can be written',
    flavors: BOTH,
    cases: ['PO-11/empty', 'PO-09/verified'],
    says: /status|\/a cannot be written/,
    mutate: change('bind', (step) => ({...step, flags: ['ro', ...step.flags]}), /^volume\./),
  },
  {
    name: 'volume-missing',
    breaks: 'a volume reaches the app',
    flavors: BOTH,
    cases: ['PO-02/both-ways', 'PO-09/verified'],
    says: /status|is not there/,
    mutate: drop(/^volume\./),
  },
  {
    name: 'volume-of-another-place',
    breaks: 'a volume shows what the app writes on the host',
    flavors: FLY,
    cases: ['PO-02/both-ways'],
    says: /stdout|status/,
    mutate: change(
      'bind',
      (step) =>
        step.source.in === 'host'
          ? {...step, source: {...step.source, path: step.source.path.replace(/\/[^/]+$/, '') as never}}
          : step,
      /^volume\./,
    ),
  },
  {
    name: 'device-volume-missing',
    breaks: 'a volume may be a device, which the app can use',
    flavors: BOTH,
    cases: ['EX-18/device'],
    says: /written|status/,
    mutate: change('bind', (step) => ({...step, flags: [...new Set([...step.flags, 'nodev' as const])]}), /^volume\./),
  },
  {
    name: 'no-random-device',
    breaks: 'every app has the devices of the specification',
    flavors: BOTH,
    cases: ['OS-01/devices'],
    says: /random/,
    mutate: drop(/^device\..*\.random$/),
  },
  {
    name: 'closed-device',
    breaks: 'every app can use the devices of the specification',
    flavors: BOTH,
    cases: ['OS-01/devices'],
    says: /zero/,
    mutate: change('device', (step) => ({...step, mode: 0o600}), /zero$/),
  },
  {
    name: 'wrong-device',
    breaks: '/dev/full is what it is called',
    flavors: BOTH,
    cases: ['OS-01/devices'],
    says: /full/,
    mutate: change('device', (step) => ({...step, minor: 5}), /full$/),
  },
  {
    name: 'kernel-log-device',
    breaks: 'an app sees no device of the host',
    flavors: BOTH,
    cases: ['OS-01/no-other'],
    says: /kmsg/,
    sample: true,
    mutate: add((app) => [
      {
        ...{id: 'extra', do: 'device', target: inApp(app, '/dev/kmsg'), type: 'char', major: 1, minor: 11},
        ...{mode: 0o666, uid: 0, gid: 0},
      },
    ]),
  },
  {
    name: 'no-terminals',
    breaks: 'every app has pseudo terminals of its own',
    flavors: FLY,
    cases: ['OS-01/devices'],
    says: /pts/,
    mutate: drop(/^mount\..*\/dev\/pts$/),
  },
  {
    name: 'no-shared-memory',
    breaks: 'every app has shared memory',
    flavors: FLY,
    cases: ['OS-01/devices'],
    says: /shm/,
    mutate: drop(/^mount\..*\/dev\/shm$/),
  },
  {
    name: 'no-sys',
    breaks: 'every app has /sys',
    flavors: FLY,
    cases: ['OS-01/devices'],
    says: /sys/,
    mutate: drop(/^(mount\..*\/sys|protect|mask\.)/),
  },
  {
    name: 'devices-unlimited',
    breaks: 'an app opens no device of the host by a node that it makes',
    flavors: BOTH,
    cases: ['S29/verified'],
    says: /devices\/policy/,
    mutate: change('cgroup', ({devices: _, ...step}) => step),
  },
  {
    name: 'devices-widened',
    breaks: 'the devices that an app may use are those that it was given',
    flavors: FLY,
    cases: ['S29/verified', 'S29/nodes'],
    says: /devices\/policy|opened/,
    mutate: moreDevices,
  },
  {
    // What systemd allows an app stays as it is.
    name: 'devices-of-pod-widened',
    breaks: 'the devices that a pod may use are those that its apps were given',
    flavors: ['nspawn'],
    cases: ['S29/verified'],
    says: /devices\/policy/,
    mutate: moreDevices,
  },
  {
    name: 'nothing-masked',
    breaks: 'kernel paths are hidden',
    flavors: FLY,
    cases: ['S06/ordinary', 'S06/verified'],
    says: /timer_list|kernel-paths\/masked/,
    sample: true,
    mutate: drop(/^mask\./),
  },
  {
    name: 'one-path-not-masked',
    breaks: 'each of the kernel paths is hidden',
    flavors: FLY,
    cases: ['S06/verified'],
    says: /\/proc\/keys/,
    mutate: change('mask', (step) => ({...step, paths: step.paths.filter((path) => path !== '/proc/keys')})),
  },
  {
    name: 'masked-before-mounted',
    breaks: 'what hides kernel paths is not hidden itself',
    flavors: FLY,
    // Not from inside: it would write to the host's own files.
    cases: ['S06/verified'],
    says: /kernel-paths\/masked/,
    mutate: steps((made) => {
      const masks = made.filter(({id}) => /^(mask|protect)\./.test(id));
      const at = made.findIndex(({id}) => /^dir\..*\/proc$/.test(id));
      const rest = made.filter((step) => !masks.includes(step));
      return at < 0 ? [...made] : [...rest.slice(0, at), ...masks, ...rest.slice(at)];
    }),
  },
  {
    name: 'nothing-protected',
    breaks: 'kernel paths are read-only',
    flavors: FLY,
    // Not from inside: it would write to the host's own files.
    cases: ['S06/verified'],
    says: /kernel-paths\/masked/,
    mutate: drop(/^protect\./),
  },
  {
    name: 'one-path-not-protected',
    breaks: 'each of the kernel paths is read-only',
    flavors: FLY,
    cases: ['S06/verified'],
    says: /\/proc\/irq/,
    mutate: change('protect', (step) => ({...step, paths: step.paths.filter((path) => path !== '/proc/irq')})),
  },
  {
    name: 'sys-writable',
    breaks: 'nothing below /sys can be written',
    flavors: FLY,
    cases: ['S07/nothing-written'],
    says: /stdout/,
    mutate: all(
      drop(/^protect\./),
      change('mount', (step) => ({...step, flags: step.flags.filter((flag) => flag !== 'ro')}), /\/sys$/),
    ),
  },
  {
    name: 'no-resolv-conf',
    breaks: 'resolv.conf is as asked for',
    flavors: BOTH,
    cases: ['OS-02/resolv'],
    says: /nameserver/,
    mutate: drop(/\/etc\/resolv\.conf$/),
  },
  {
    name: 'no-hosts',
    breaks: 'names of hosts are as asked for',
    flavors: BOTH,
    cases: ['OS-02/resolv'],
    says: /kit-host/,
    mutate: drop(/^file\..*\/etc\/hosts$/),
  },
  {
    name: 'other-hostname',
    breaks: 'the name in /etc/hostname is that of the kernel',
    flavors: BOTH,
    cases: ['OS-02/hostname'],
    says: /./,
    mutate: change('write', (step) => ({...step, content: 'other\n'}), /\/etc\/hostname$/),
  },
  {
    name: 'other-name-server',
    breaks: 'name servers are those that were asked for, and no others',
    flavors: BOTH,
    cases: ['OS-02/resolv'],
    says: /dns/,
    sample: true,
    mutate: change(
      'write',
      (step) => ({...step, content: `${step.content}nameserver 192.0.2.66\n`}),
      /\/etc\/resolv\.conf$/,
    ),
  },
  {
    name: 'writes-on-host',
    breaks: 'a plan makes nothing on the host outside of the pod',
    flavors: BOTH,
    cases: ['EX-15/host'],
    says: /extra/,
    mutate: add(() => [
      {
        ...{id: 'extra', do: 'write', target: onHost('/run/rkt-liar'), content: 'x'},
        ...{mode: 0o644, uid: 0, gid: 0},
      },
    ]),
  },
  {
    name: 'cgroup-beside-pod',
    breaks: 'a plan makes no cgroup outside of the pod',
    flavors: BOTH,
    cases: ['EX-15/host'],
    says: /extra/,
    mutate: add((_app, pod) => [{id: 'extra', do: 'cgroup', path: `${pod.cgroup}-beside`, limits: {}, join: false}]),
  },
  {
    name: 'host-program',
    breaks: 'an app is confined to its own rootfs',
    flavors: FLY,
    cases: ['EX-01/secret'],
    says: /of the host/,
    mutate: launched((launch) =>
      launch.process.argv[0] === '/bin/sh'
        ? {
            ...{into: 'host', program: '/bin/sh' as never, process: launch.process},
            ...{passSockets: false, keepLock: false},
          }
        : launch,
    ),
  },
];
