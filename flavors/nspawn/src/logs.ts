import {type App, DEFAULT_LOG_SIZE, LOGS, type Pod, type PodPath, type Step, type UnitFile} from '@rkt/plugin-sdk';
import {wantedByDefault} from './wanted.ts';

/** What {@link KEEP} executes. */
export const LOG_PROGRAMS = ['/usr/bin/fallocate', '/usr/bin/sleep', '/usr/bin/stat'] as const;

/** A pod costs nothing between two looks, and a few milliseconds for one. */
const SECONDS_BETWEEN_LOOKS = 30;

/** As `rkt gc` has it: a disk takes up to some milliseconds for each block. */
const PIECE = 1_048_576;

/**
 * `keep-logs BYTES FILE…`: marks when each file had which size, for `rkt logs --since`, and gives the oldest part of each that has more than twice these bytes
 * back to the disk. Nothing is moved, so neither the writer nor a reader notices. While there is something to give back and more comes, it looks every second.
 */
const KEEP = `kept=$1
shift
cd /rkt/logs || exit 1
# Nothing can end one call, and an app can scatter its log over so many places of the disk that to free them all takes minutes. Where this has stopped, the next look goes on.
give_back() {
  at=0
  [ ! -e "/run/rkt-log-$1" ] || read -r at <"/run/rkt-log-$1"
  [ "$at" -lt "$2" ] || at=0
  read -r time rest </proc/uptime
  end=$((\${time%.*} + 2))
  while [ "$at" -lt "$2" ] && [ "\${time%.*}" -lt "$end" ]; do
    size=$(($2 - at))
    [ "$size" -le ${PIECE} ] || size=${PIECE}
    fallocate --punch-hole --offset "$at" --length "$size" "$1" || return 1
    at=$((at + size))
    read -r time rest </proc/uptime
  done
  echo "$at" >"/run/rkt-log-$1"
}
over=yes
before=
while [ -n "$over" ]; do
  over=
  # What an app has not opened yet is not there.
  now=$(stat -c '%n %s %b %Z' -- "$@" 2>/dev/null)
  # What a file system or an app has reserved cannot be given back.
  [ "$now" != "$before" ] || break
  before=$now
  while read -r file size blocks changed; do
    case $file in
    *.times) keep=65536 ;;
    *)
      keep=$kept
      [ "$file.times" -nt "$file" ] || echo "$changed $size" >>"$file.times"
      ;;
    esac
    length=$(((size - keep) / 4096 * 4096))
    if [ $((blocks * 512)) -gt $((keep * 2)) ] && [ "$length" -gt 0 ]; then
      give_back "$file" "$length" && over=yes
    fi
  done <<END
$now
END
  [ -z "$over" ] || sleep 1
done
`;

/** The files of a pod that apps log to. */
const logFiles = ({apps}: Pod): string[] =>
  apps.flatMap(({name, stdio}: App) =>
    (['stdout', 'stderr'] as const).filter((stream) => stdio[stream] === 'log').map((stream) => `${name}.${stream}`),
  );

/** Each app may open its own again by path (`/dev/stdout`), whichever user it is; nobody has another way to them. */
export const openLogs = (pod: Pod): Step[] =>
  logFiles(pod).map((file) => ({
    id: `log.${file}`,
    do: 'write',
    target: {in: 'pod', path: `${LOGS}/${file}` as PodPath},
    content: '',
    mode: 0o646,
    uid: 0,
    gid: 0,
  }));

/** Keeps the logs of a pod within their bounds; nothing for a pod without. */
export const logUnits = (pod: Pod): UnitFile[] => {
  const files = logFiles(pod);
  if (files.length === 0) return [];
  const watched = files.flatMap((file) => [file, `${file}.times`]).join(' ');
  return [
    {path: 'rkt/keep-logs', content: KEEP, mode: 0o644},
    {
      path: 'systemd/system/rkt-logs.service',
      content: `[Unit]
DefaultDependencies=no
Before=shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/bin/sh /etc/rkt/keep-logs ${pod.logSize ?? DEFAULT_LOG_SIZE} ${watched}
StandardInput=null
StandardOutput=null
StandardError=null
`,
      mode: 0o644,
    },
    {
      path: 'systemd/system/rkt-logs.timer',
      content: `[Unit]
DefaultDependencies=no
Before=shutdown.target
Conflicts=shutdown.target

[Timer]
OnActiveSec=${SECONDS_BETWEEN_LOOKS}s
OnUnitInactiveSec=${SECONDS_BETWEEN_LOOKS}s
AccuracySec=5s
`,
      mode: 0o644,
    },
    wantedByDefault('rkt-logs.timer'),
  ];
};
