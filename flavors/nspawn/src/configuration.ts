import {type App, type HostFacts, type Pod, podUnits, type Step, sharedKernelPaths} from '@rkt/plugin-sdk';
import {APPARMOR_ENABLED, appliesProfiles, hasProfile} from './app-armor.ts';
import {withCapabilities} from './capabilities.ts';
import {disksOf, limitsInside, oomCounter, withBlockLimits} from './cgroups.ts';
import {END, ETC, INIT} from './command.ts';
import {journalUnits} from './journal.ts';
import {logUnits} from './logs.ts';
import {readyUnits} from './ready.ts';
import {stdioOf} from './stdio.ts';
import {sysVolumeInside} from './sys-volumes.ts';
import {SYSTEMD, systemdVersion} from './systemd-version.ts';
import {podDirectory, podPath, rootfsPath} from './tree.ts';

/** The pod's /etc: systemd's units, the users that its services name, and what becomes systemd. */
export const configuration = (pod: Pod, host: HostFacts): Step[] => {
  const limited = withBlockLimits(pod);
  const files = [
    ...podUnits(
      {...limited, apps: limited.apps.map((app) => withCapabilities(pod, withProgram(app)))},
      {
        rootOf: ({name}) => `/opt/stage2/${name}/rootfs`,
        stdio: (app) => stdioOf(pod, app, host),
        limits: limitsInside(pod),
        bindDev: () => false,
        statusDirectory: '/rkt/status',
        systemdVersion: systemdVersion(host),
        ...(host.sockets === undefined ? {} : {sockets: host.sockets}),
        cgroupVersion: host.cgroup.mode === 'v2' ? 2 : 1,
        disks: disksOf(pod, host),
        oomCounter: (app) => oomCounter(host, app),
        oomScoreAdj: host.oomScoreAdj,
        appArmor: appliesProfiles(pod, host),
        sysVolume: sysVolumeInside,
      },
    ),
    ...readyUnits(pod),
    ...logUnits(pod),
    ...journalUnits(pod),
    {path: 'machine-id', content: `${pod.uuid.replaceAll('-', '')}\n`, mode: 0o444},
  ];
  const directories = new Set(files.map(({path}) => path.split('/').slice(0, -1).join('/')));
  return [
    ...[...directories].sort().map((path) => podDirectory(path === '' ? ETC : `${ETC}/${path}`)),
    ...files.map(
      ({path, content, mode}): Step => ({
        id: `etc.${path}`,
        do: 'write',
        target: {in: 'pod', path: podPath(`${ETC}/${path}`)},
        content,
        mode,
        uid: 0,
        gid: 0,
      }),
    ),
    {
      id: `etc.${INIT}`,
      do: 'init',
      target: podPath(`${ETC}/${INIT}`),
      blocks: [END.number],
      ...sharedKernelPaths(pod),
      ...(hasProfile(pod) ? {needs: [rootfsPath(APPARMOR_ENABLED)]} : {}),
      program: rootfsPath(SYSTEMD),
      argv: [SYSTEMD, '--log-target=null', '--show-status=0'],
    },
  ];
};

/** A program that the image does not have is found missing by the check before the launch, which says so better. */
const withProgram = (app: App): App =>
  app.executable === null ? {...app, executable: rootfsPath(`/${app.process.argv[0]}`)} : app;
