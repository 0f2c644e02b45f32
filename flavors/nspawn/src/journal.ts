import {type App, DEFAULT_LOG_SIZE, type Pod, type UnitFile, writersOf} from '@rkt/plugin-sdk';
import {pipesOf, RELAYS, relaysOf, relayUnits} from './journal-relay.ts';

/** What runs where an app asks for the journal, and nowhere else. */
export const JOURNALD = '/usr/lib/systemd/systemd-journald';

const STREAMS = ['stdout', 'stderr'] as const;
const SERVICE = 'systemd-journald.service';
const SOCKET = 'systemd-journald.socket';
const CHECK = 'rkt-journal.service';

/** journald makes no smaller files. */
const MIN_FILE = 524_288;
/** The oldest of them goes when there is one too many. */
const FILES = 4;

/** The streams of a pod that go to its journal. */
const journalStreams = ({apps}: Pod): App[] =>
  apps.flatMap((app) => STREAMS.filter((stream) => app.stdio[stream] === 'journal').map(() => app));

export const hasJournal = (pod: Pod): boolean => journalStreams(pod).length > 0;

/** A journald of the pod's own, up before the apps that ask for it and stopped after them; nothing for a pod without such an app. */
export const journalUnits = (pod: Pod): UnitFile[] => {
  if (!hasJournal(pod)) return [];
  // Required, systemd would start the apps again with a journald that it has to start again.
  const wanted = [SERVICE, ...relaysOf(pod)].join(' ');
  return [
    {path: 'systemd/journald.conf', content: configuration(pod), mode: 0o644},
    unit(SOCKET, SOCKET_UNIT),
    unit(SERVICE, SERVICE_UNIT),
    {path: 'rkt/drain', content: DRAIN, mode: 0o644},
    unit(CHECK, checkUnit(pod)),
    ...relayUnits(pod, CHECK),
    // With exit-force, what is still on its way to the journal would be killed.
    unit('alive.target.d/journal.conf', '[Unit]\nSuccessAction=exit\n'),
    ...[...new Set(journalStreams(pod))]
      .flatMap(writersOf)
      .map((name) =>
        unit(`${name}.d/journal.conf`, `[Unit]\nRequires=${CHECK}\nWants=${wanted}\nAfter=${wanted} ${CHECK}\n`),
      ),
  ];
};

const unit = (name: string, content: string): UnitFile => ({
  path: `systemd/system/${name}`,
  content,
  mode: 0o644,
});

/**
 * "Volatile" is what journald writes without waiting for a disk to be mounted: to /run/log/journal, which is a directory of the pod that stays. Nothing is
 * left out because there is too much of it or too little room; the oldest goes.
 */
const configuration = (pod: Pod): string => {
  const kept = (pod.logSize ?? DEFAULT_LOG_SIZE) * journalStreams(pod).length;
  const file = Math.max(MIN_FILE, Math.ceil(kept / FILES));
  return `[Journal]
Storage=volatile
SplitMode=none
Seal=no
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
RateLimitBurst=0
RuntimeMaxUse=${2 * FILES * file}
RuntimeMaxFileSize=${file}
RuntimeKeepFree=0
MaxFileSec=0
MaxRetentionSec=0
MaxLevelStore=debug
ForwardToSyslog=no
ForwardToKMsg=no
ForwardToConsole=no
ForwardToWall=no
`;
};

/** Only systemd connects, as the user of the app, and goes on without a journal where that user may not. The streams that it gives to apps are connected already, and these paths are in no app's root directory. */
const SOCKET_UNIT = `[Unit]
DefaultDependencies=no
Before=shutdown.target
Conflicts=shutdown.target

[Socket]
ListenStream=/run/systemd/journal/stdout
ListenDatagram=/run/systemd/journal/socket
ListenDatagram=/run/systemd/journal/dev-log
SocketMode=0666
PassCredentials=yes
PassSecurity=yes
ReceiveBuffer=8M
`;

/**
 * An app may kill it, like everything that runs as its user: systemd keeps the streams meanwhile. It has more capabilities than an app commonly has, so that
 * the app cannot look into /proc/PID/root.
 */
const SERVICE_UNIT = `[Unit]
DefaultDependencies=no
Requires=${SOCKET}
After=${SOCKET}
Before=shutdown.target
Conflicts=shutdown.target

[Service]
Type=notify
ExecStart=${JOURNALD}
ExecStop=/bin/sh /etc/rkt/drain $MAINPID
Restart=always
RestartSec=0
FileDescriptorStoreMax=4224
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_SETGID CAP_SETUID CAP_SYS_ADMIN CAP_SYS_PTRACE
NoNewPrivileges=yes
StandardInput=null
StandardOutput=null
StandardError=null
TimeoutStopSec=600s
`;

/**
 * `drain PID`. Ten seconds after it was told to end journald does, whatever is left to be read. Asked to synchronize (SIGRTMIN+1), it first reads all that there
 * is, and then writes when it has done so.
 */
const DRAIN = `at=/run/systemd/journal/synced
last() {
  time=
  [ -e $at ] && read -r time <$at
  echo "$time"
}
before=$(last)
kill -35 "$1"
# An app may have stopped it.
kill -CONT "$1"
while kill -0 "$1" && [ "$(last)" = "$before" ]; do
  sleep 0.1
  kill -CONT "$1"
done
exit 0
`;

/** Whether there is a journal by now, and the pipes to it. A pod whose apps would write nowhere does not run. */
const checkUnit = (pod: Pod): string => {
  const pipes = pipesOf(pod);
  const make = pipes.length === 0 ? '' : ` && mkdir -m 700 ${RELAYS} && mkfifo -m 666 ${pipes.join(' ')}`;
  return `[Unit]
DefaultDependencies=no
Wants=${SERVICE}
After=${SERVICE}
FailureAction=exit

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '[ -f /run/log/journal/${pod.uuid.replaceAll('-', '')}/system.journal ]${make}'
StandardInput=null
StandardOutput=null
StandardError=null
`;
};
