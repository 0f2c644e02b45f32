import type {DeviceRule} from '../../contract/devices.ts';
import type {App, Volume} from '../../contract/pod.ts';

const char = (major: number, minor: number | null, access: string): DeviceRule => ({
  type: 'char',
  major,
  minor,
  access,
});

/** The devices that every pod has: appc's (OS-SPEC, "Devices and File Systems") and pseudo terminals. */
export const STANDARD_DEVICES: readonly DeviceRule[] = [
  // What an overlay has for a removed file; the kernel asks for it before 5.8.
  char(0, 0, 'm'),
  // null, zero, full, random, urandom
  ...[3, 5, 7, 8, 9].map((minor) => char(1, minor, 'rwm')),
  // tty, ptmx
  ...[0, 2].map((minor) => char(5, minor, 'rwm')),
  // The other ends of ptmx.
  char(136, null, 'rw'),
];

/** The devices of a pod: the standard ones and its volumes. One that is only mounted read-only can only be read, which a mount alone does not see to. */
export const compileDevices = (
  volumes: readonly Volume[],
  apps: readonly {readonly mounts: readonly Pick<App['mounts'][number], 'volume' | 'readOnly'>[]}[],
): DeviceRule[] => {
  const mounts = apps.flatMap((app) => app.mounts);
  return [
    ...STANDARD_DEVICES,
    ...volumes.flatMap((volume): DeviceRule[] => {
      if (volume.kind !== 'host' || volume.device === undefined) return [];
      const written = !volume.readOnly && mounts.some(({volume: name, readOnly}) => name === volume.name && !readOnly);
      return [{...volume.device, access: written ? 'rw' : 'r'}];
    }),
  ];
};
