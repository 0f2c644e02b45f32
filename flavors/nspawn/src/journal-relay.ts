import type {App, Pod, UnitFile} from '@rkt/plugin-sdk';

/*
 * systemd gives a service one connection to the journal, with one priority, for both its streams: nobody could tell them apart. Where both go to the journal,
 * standard error is a named pipe instead, and a `cat` with a connection of its own carries it there.
 */

/** What the relays execute. */
export const RELAY_PROGRAMS = ['/bin/cat', '/bin/mkdir', '/usr/bin/mkfifo'] as const;

/** The directory of the pipes. */
export const RELAYS = '/run/rkt-journal';

/** App names have neither colons nor dots. */
const relayName = (app: App): string => `app-${app.name}:stderr.service`;

/** Where the standard error of an app with a relay goes. */
export const relayPath = (app: App): string => `${RELAYS}/${app.name}`;

export const isRelayed = ({stdio}: App): boolean => stdio.stdout === 'journal' && stdio.stderr === 'journal';

/** The names of the pod's relays. */
export const relaysOf = ({apps}: Pod): string[] => apps.filter(isRelayed).map(relayName);

/** The pipes that have to be there before the relays. */
export const pipesOf = ({apps}: Pod): string[] => apps.filter(isRelayed).map(relayPath);

/** @param after makes the pipes */
export const relayUnits = ({apps}: Pod, after: string): UnitFile[] => {
  const relayed = apps.filter(isRelayed);
  if (relayed.length === 0) return [];
  return [{path: 'rkt/relay', content: RELAY, mode: 0o644}, ...relayed.map((app) => relayUnit(app, after))];
};

/**
 * `relay PIPE`. It holds the pipe open, so that `cat` does not end before the app opens it, or between the app and its event handlers or restarts. A stop comes
 * after theirs: then it lets go, and `cat` ends with the last that was written.
 */
const RELAY = `ends=
trap 'ends=yes; exec 3<&-' TERM
exec 3<>"$1" 4<"$1"
while [ -z "$ends" ]; do
  cat <&4 3<&- 4<&- &
  wait
done
wait
`;

/** In the journal as standard error of the app. Only the shell is told to stop. */
const relayUnit = (app: App, after: string): UnitFile => ({
  path: `systemd/system/${relayName(app)}`,
  content: `[Unit]
DefaultDependencies=no
Requires=${after}
After=${after} systemd-journald.service
Before=shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=/bin/sh /etc/rkt/relay ${relayPath(app)}
Restart=always
RestartSec=0
KillMode=mixed
TimeoutStopSec=90s
StandardInput=null
StandardOutput=journal
StandardError=null
SyslogIdentifier=${app.name}
SyslogLevel=err
SyslogLevelPrefix=no
`,
  mode: 0o644,
});
