import {type App, type Pod, serviceName, type UnitFile} from '@rkt/plugin-sdk';

const unit = (path: string, content: string): UnitFile => ({path: `systemd/system/${path}`, content, mode: 0o644});

const services = ({apps}: Pod): string => apps.map((app: App) => serviceName(app)).join(' ');

/** Tells `rkt status --wait-ready` that every app has been started; one that cannot be started keeps it from saying so. */
export const readyUnits = (pod: Pod): UnitFile[] => [
  unit(
    'rkt-ready.service',
    `[Unit]
DefaultDependencies=no
Requires=${services(pod)}
After=${services(pod)}

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo ready >/rkt/supervisor-status'
`,
  ),
  unit('default.target.d/ready.conf', '[Unit]\nWants=rkt-ready.service\nAfter=rkt-ready.service\n'),
];
