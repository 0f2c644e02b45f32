import {variableFor} from '../image/own-data-directory.ts';
import type {IdRange} from '../linux/subordinate-ids.ts';
import {RktError} from '../rkt-error.ts';
import type {ImageIsolator} from './compose/asked-by-image.ts';

/** The data directory was used with subordinate ids that rkt does not get any more. Files of these ids could be neither read nor removed, so rkt changes nothing there. */
export const dataDirectoryIds = (command: string, dataDir: string, users: IdRange, groups: IdRange) => {
  const show = ({first, count}: IdRange) => `${first} to ${first + count - 1}`;
  return new RktError(
    'RKT_DATA_DIRECTORY_IDS',
    `${dataDir} was used with the users ${show(users)} and the groups ${show(groups)}, which rkt does not get now`,
    {
      command,
      dataDir,
      users,
      groups,
      hint: 'check the lines of the user in /etc/subuid and /etc/subgid, that newuidmap and newgidmap are installed, and that rkt is not started with no-new-privileges; or use another data directory, by --dir',
    },
  );
};

/** An image asks for more than rkt gives an app by default, which only the operator can grant (S31). */
export const imageIsolatorRefused = (refused: readonly ImageIsolator[]) =>
  new RktError(
    'RKT_IMAGE_ISOLATOR_REFUSED',
    [
      'an image asks for more than the defaults:',
      ...refused.map(({app, image, name, widens}) => `  ${image} (app ${app}): ${name}: ${shorten(widens)}`),
    ].join('\n'),
    {
      refused,
      hint: `to let the image have it: --accept-image=${[...new Set(refused.map(({name}) => name))].join(',')}; or set it yourself by a flag or pod manifest, which replaces what the image says`,
    },
  );

/** Several pods begin with what was typed. */
export const podAmbiguous = (prefix: string, candidates: readonly string[]) =>
  new RktError('RKT_POD_AMBIGUOUS', `"${prefix}" may be ${candidates.join(', ')}`, {
    prefix,
    candidates,
    hint: 'type more of the UUID',
  });

/** A pod has several apps and the command needs one. */
export const appAmbiguous = (uuid: string, apps: readonly string[]) =>
  new RktError('RKT_POD_APP_AMBIGUOUS', `pod ${uuid} has several apps: ${apps.join(', ')}`, {
    uuid,
    apps,
    hint: 'choose one with --app=NAME',
  });

/** Two apps of a pod have the same name (appc PO-04). */
export const appNameDuplicate = (app: string) =>
  new RktError('RKT_POD_APP_NAME_DUPLICATE', `two apps of the pod are called "${app}"`, {
    app,
    hint: 'give one of them another name with --name=NAME after its image',
  });

/** An app name that is no AC Name, or an image name that gives none. */
export const appNameInvalid = (app: string, image: string) =>
  new RktError('RKT_POD_APP_NAME_INVALID', `image ${image}: "${app}" is not an app name`, {
    app,
    image,
    hint: 'give it one with --name=NAME: lower-case letters, digits and single hyphens',
  });

/** No app of that name in the pod. */
export const appUnknown = (uuid: string, app: string, apps: readonly string[]) =>
  new RktError('RKT_POD_APP_UNKNOWN', `pod ${uuid} has no app "${app}"`, {
    uuid,
    app,
    apps,
    hint: `its apps: ${apps.join(', ')}`,
  });

/** Another rkt is working on the pod right now. */
export const podBusy = (uuid: string, state: string) =>
  new RktError('RKT_POD_BUSY', `pod ${uuid} is ${state}: another rkt is working on it`, {
    uuid,
    state,
    hint: 'try again in a moment',
  });

/** `export` of an app whose flavor keeps what it has written, and could not. */
export const changesNotKept = (app: string, image: string) =>
  new RktError(
    'RKT_POD_CHANGES_NOT_KEPT',
    `app "${app}": what it has written to its root file system was not kept: the pod was killed or has failed, or rkt has said why when it ended`,
    {app, image, hint: `as it was before the app ran, the image is still there: rkt image export ${image} FILE`},
  );

/** A DNS flag that does not parse, or contradicts another. */
export const dnsInvalid = (flag: string, value: string, because: string) =>
  new RktError('RKT_POD_DNS_INVALID', `--${flag}=${value}: ${because}`, {
    flag,
    value,
    because,
    hint: 'see "rkt help run" for the DNS flags',
  });

/** The pod's flavor has no way to enter a pod. */
export const enterImpossible = (flavor: string, because: string) =>
  new RktError('RKT_POD_ENTER_IMPOSSIBLE', `flavor "${flavor}" cannot enter a pod: ${because}`, {
    flavor,
    because,
    hint: 'see "rkt flavor list" for flavors that can',
  });

/** A file in the directory of a pod is not what this rkt writes there. */
export const fileDamaged = (pod: string, file: string, because: string, cause?: unknown) =>
  new RktError('RKT_POD_FILE_DAMAGED', `${pod}/${file}: ${because}`, {
    pod,
    file,
    because,
    cause,
    hint: 'remove the pod with "rkt rm"',
  });

/** The pod was prepared with copies of its images, which are not where another flavor needs them. */
export const podFlavorFixed = (uuid: string, flavor: string, other: string) =>
  new RktError(
    'RKT_POD_FLAVOR_FIXED',
    `pod ${uuid} has copies of its files, made for "${flavor}": "${other}" cannot run it`,
    {
      uuid,
      flavor,
      other,
      hint: `prepare the pod again with --stage1 and without --no-overlay, or run it with "${flavor}"`,
    },
  );

const SHOWN = 8;
const shorten = (words: readonly string[]): string =>
  words.length > SHOWN ? `${words.slice(0, SHOWN).join(', ')} and ${words.length - SHOWN} more` : words.join(', ');

/** The user ids that a pod was prepared with belong to another pod now. */
export const idRangeTaken = (uuid: string, base: number, owner: string) =>
  new RktError(
    'RKT_POD_ID_RANGE_TAKEN',
    `pod ${uuid} was prepared with the ids from ${base} on, which are of ${owner}`,
    {
      uuid,
      base,
      owner,
      hint: 'prepare the pod again',
    },
  );

/** All ranges of user ids belong to pods. */
export const idRangesExhausted = (ranges: number) =>
  new RktError('RKT_POD_ID_RANGES_EXHAUSTED', `all ${ranges} ranges of user ids are taken by pods`, {
    ranges,
    hint: 'remove pods that have ended: rkt gc --grace-period=0s',
  });

/** The image of an app has been removed. */
export const layerGone = (app: string, image: string, cause: unknown) =>
  new RktError('RKT_POD_IMAGE_GONE', `app "${app}": its image ${image} is not in the store any more`, {
    app,
    image,
    cause,
    hint: 'fetch that image again',
  });

/** Two apps would read one stream. */
export const inputShared = (apps: readonly string[]) =>
  new RktError(
    'RKT_POD_INPUT_SHARED',
    `only one app can read the standard input of rkt, not all of ${apps.join(', ')}`,
    {
      apps,
      hint: 'give --stdin=stream, or with --interactive --stdin=tty, to one image',
    },
  );

/** --interactive with several apps, none of which is to have the terminal; or with several apps under a stage1 made for rkt. */
export const interactiveSeveral = (
  apps: readonly string[],
  hint = 'write --stdin=tty after one image, or leave --interactive out',
) =>
  new RktError(
    'RKT_POD_INTERACTIVE_SEVERAL',
    `one app of an interactive pod reads the terminal, but none of ${apps.join(', ')} has been told to`,
    {
      apps,
      hint,
    },
  );

/** A pod has a journal, and the host has no program to read it with. */
export const journalToolMissing = (program: string, debianPackage: string) =>
  new RktError('RKT_POD_JOURNAL_TOOL_MISSING', `the journal of a pod is read by ${program}, which is not installed`, {
    program,
    hint: `install the package ${debianPackage} (Debian's name)`,
  });

/** The journal of a pod is damaged, or the journalctl of this host cannot read it. */
export const journalUnreadable = (uuid: string, because: string, cause?: unknown) =>
  new RktError('RKT_POD_JOURNAL_UNREADABLE', `pod ${uuid}: its journal cannot be read: ${because}`, {
    uuid,
    because,
    cause,
    hint: 'a journal that a newer systemd has written, such as that of a stage1 image, needs a journalctl that is as new',
  });

/** None of the streams that were asked for is kept. `streams` says where each goes. */
export const logNotKept = (uuid: string, streams: readonly {app: string; stream: string; goes: string}[]) =>
  new RktError(
    'RKT_POD_LOG_NOT_KEPT',
    [
      `pod ${uuid} keeps no such log:`,
      ...streams.map(({app, stream, goes}) => `${stream} of app "${app}" ${goes}`),
    ].join('\n'),
    {
      uuid,
      streams,
      hint: 'streams are kept if you ask for it: rkt run IMAGE --stdout=log, or --stdout=journal, and the same for --stderr',
    },
  );

/** The oldest part of a log cannot be given back to the file system. */
export const logUnbounded = (uuid: string, app: string, stream: string, cause: unknown) =>
  new RktError('RKT_POD_LOG_UNBOUNDED', `pod ${uuid}: the log of ${stream} of app "${app}" cannot be kept in bounds`, {
    uuid,
    app,
    stream,
    hint: 'the data directory must be on a file system that can punch holes: ext4, xfs, btrfs, tmpfs',
    cause,
  });

/** The file of a log is not one, or cannot be read. */
export const logUnusable = (uuid: string, app: string, stream: string, because: string, cause?: unknown) =>
  new RktError('RKT_POD_LOG_UNUSABLE', `pod ${uuid}: the ${stream} log of app "${app}": ${because}`, {
    uuid,
    app,
    stream,
    because,
    cause,
    hint: 'something in the pod has done that; remove the pod with "rkt rm" when it has ended',
  });

/** The pod's flavor keeps no logs at all. */
export const logsImpossible = (flavor: string, because: string) =>
  new RktError('RKT_POD_LOGS_IMPOSSIBLE', `flavor "${flavor}" keeps no logs: ${because}`, {
    flavor,
    because,
    hint: 'redirect the output of rkt run, or choose a flavor that keeps logs (see "rkt flavor list")',
  });

/** --mds-register without a metadata service. */
export const metadataUnavailable = () =>
  new RktError('RKT_POD_METADATA_UNAVAILABLE', 'no metadata service runs on this host', {
    hint: 'leave --mds-register out',
  });

/** A mount target inside another volume does not exist (appc EX-15). @param missing where it would be on the host */
export const mountTargetMissing = (app: string, path: string, volume: string, missing: string | undefined) =>
  new RktError(
    'RKT_POD_MOUNT_TARGET_MISSING',
    missing === undefined
      ? `app "${app}": ${path} cannot be made in the volume "${volume}", which is read-only`
      : `app "${app}": ${path} is in the volume "${volume}", and ${missing} does not exist`,
    {
      app,
      path,
      volume,
      ...(missing === undefined ? {} : {missing}),
      hint:
        missing === undefined
          ? 'leave readOnly out for the outer volume, or mount both side by side'
          : 'create it: rkt makes nothing in a volume of the host',
    },
  );

/** A mount target that is no place for a volume (S07, S17). */
export const mountTargetRefused = (app: string, path: string, because: string) =>
  new RktError('RKT_POD_MOUNT_TARGET_REFUSED', `app "${app}": ${path} cannot be a mount target: ${because}`, {
    app,
    path,
    because,
    hint: 'choose a target below the root directory, and not in /proc; what is below /dev or /sys has to be asked for by --mount',
  });

/** All apps of a pod together have more mounts than it can be started with in reasonable time (S10). */
export const mountsExcessive = (app: string, what: 'directories' | 'mounts', limit: number) =>
  new RktError(
    'RKT_POD_MOUNTS_EXCESSIVE',
    what === 'mounts'
      ? `with those of app "${app}" the pod has more than ${limit} mounts`
      : `with those of app "${app}" the mounts of the pod are at more than ${limit} directories, those above them included`,
    {app, what, limit, hint: 'mount one directory that holds them all, at a short path, or run fewer apps in the pod'},
  );

/** A flag asks rkt to write /etc/hosts or /etc/resolv.conf where an app has a volume. @param flag the first of those that ask for it */
export const nameFileIsVolume = (
  flag: string,
  file: string,
  app: string,
  {volume, path}: {readonly volume: string; readonly path: string},
) =>
  new RktError(
    'RKT_POD_NAME_FILE_IS_VOLUME',
    `--${flag} asks for ${file}, but app "${app}" has the volume "${volume}" at ${path}`,
    {
      flag,
      file,
      app,
      volume,
      path,
      hint: `leave --${flag} out, or mount the volume elsewhere`,
    },
  );

/** Another pod has the name. */
export const podNameTaken = (name: string, owner: string) =>
  new RktError('RKT_POD_NAME_TAKEN', `the name "${name}" is that of pod ${owner}`, {
    name,
    owner,
    hint: `choose another name, or remove that pod: rkt rm ${name}`,
  });

/** --net and another flag contradict each other. */
export const networkConflict = (flag: string, net: string) =>
  new RktError('RKT_POD_NETWORK_CONFLICT', `--${flag} does not work with --net=${net}`, {
    flag,
    net,
    hint: `leave --${flag} out or choose another network`,
  });

/** --net that does not parse. */
export const networkInvalid = (net: string, because: string) =>
  new RktError('RKT_POD_NETWORK_INVALID', `--net=${net}: ${because}`, {
    net,
    because,
    hint: 'write host, none, or NAME[:KEY=VALUE;…],…',
  });

/** The description of a network that was prepared for a pod is wrong. */
export const preparedNetworkInvalid = (place: string, value: unknown, because: string) =>
  new RktError(
    'RKT_POD_NETWORK_PREPARED_INVALID',
    `the prepared network: ${place}: ${JSON.stringify(value) ?? 'nothing'}: ${because}`,
    {place, value, because, hint: 'see Pod.network.prepared in CONTRACT.md of @rkt/plugin-sdk'},
  );

/** The sockets that rkt was given are not those of the pod's socket-activated ports. */
export const socketsMismatch = (problems: readonly string[]) =>
  new RktError('RKT_POD_SOCKETS_MISMATCH', `socket activation: ${problems.join('; ')}`, {
    problems,
    hint: 'have the .socket unit (or systemd-socket-activate) listen on exactly the socket-activated ports of the pod, or move these with --port',
  });

/** The pod is not in the state that the command needs. */
export const podNotInState = (uuid: string, state: string, needed: string, hint?: string) =>
  new RktError('RKT_POD_STATE', `pod ${uuid} is ${state}, not ${needed}`, {
    uuid,
    state,
    needed,
    hint: hint ?? leadingTo(uuid, state, needed),
  });

const leadingTo = (uuid: string, state: string, needed: string): string => {
  if (state === 'prepared' && needed.startsWith('running')) return `run it first: rkt run-prepared ${uuid}`;
  return state === 'running' && needed === 'exited' ? `stop it first: rkt stop ${uuid}` : 'see "rkt list"';
};

/** A stream is to be a terminal, and the pod has none. */
export const terminalMissing = (app: string, streams: readonly string[]) =>
  new RktError(
    'RKT_POD_TERMINAL_MISSING',
    `app "${app}": ${streams.join(', ')} cannot be a terminal: the pod has none`,
    {
      app,
      streams,
      hint: 'run it with --interactive, or leave tty out',
    },
  );

/** No pod begins with what was typed. */
export const podUnknown = (prefix: string) =>
  new RktError('RKT_POD_UNKNOWN', `no pod "${prefix}"`, {prefix, hint: 'see "rkt list"'});

/** What was typed cannot begin a UUID. */
export const uuidInvalid = (value: string) =>
  new RktError('RKT_POD_UUID_INVALID', `${JSON.stringify(value)} is not a UUID or the beginning of one`, {
    value,
    hint: 'a UUID has hexadecimal digits and hyphens; see "rkt list"',
  });

/** --watchdog for an app that never says that it is alive. */
export const watchdogUnfed = (app: string) =>
  new RktError(
    'RKT_POD_WATCHDOG_UNFED',
    `app "${app}": its image does not say that the app uses sd_notify(3), by which it would say that it is alive`,
    {
      app,
      hint: 'leave --watchdog out, or say that it does use it: --annotation=appc.io/executor/supports-systemd-notify=true',
    },
  );

/** Another flavor keeps less of a pod apart from its host than the one with which it was prepared. */
export const podWeaker = (
  uuid: string,
  flavor: string,
  other: string,
  losses: readonly {readonly name: string; readonly because: string}[],
) =>
  new RktError(
    'RKT_POD_WEAKER',
    [
      `flavor "${other}" gives pod ${uuid} less than "${flavor}", with which it was prepared:`,
      ...losses.map(({name, because}) => `  ${name}: ${because}`),
    ].join('\n'),
    {
      uuid,
      flavor,
      other,
      losses,
      hint: `to run with less: --allow-degraded=${[...new Set(losses.map(({name}) => name))].join(',')}`,
    },
  );

/** The key that receipts are signed with is of the wrong kind, or others than root could have read it. */
export const receiptKeyUnusable = (path: string, because: string, cause?: unknown) =>
  new RktError('RKT_RECEIPT_KEY_UNUSABLE', `the key of receipts, ${path}, cannot be used: ${because}`, {
    path,
    because,
    cause,
    hint: 'make one as root: (umask 077; openssl genpkey -algorithm ed25519 -out receipt-key.pem); or remove it for receipts without a signature',
  });

/** A receipt cannot be written where it was asked for. */
export const receiptUnwritable = (path: string, because: string, cause?: unknown) =>
  new RktError('RKT_RECEIPT_UNWRITABLE', `the receipt ${path} cannot be written: ${because}`, {
    path,
    because,
    cause,
    hint: 'choose a file in a directory that is there',
  });

/**
 * Only root can do this.
 * @param directory that is another user's
 */
export const rootNeeded = (command: string, otherwise?: string, directory?: string) => {
  const variable = directory === undefined ? undefined : variableFor(directory);
  const because = directory === undefined ? '' : `: this user may not use ${directory}`;
  return new RktError(
    'RKT_ROOT_NEEDED',
    `rkt ${command} needs to be root${because}${variable === undefined ? '' : `, where ${variable} has the data directory`}`,
    {
      command,
      ...(directory !== undefined && {directory}),
      hint: [
        ...(variable === undefined ? [] : [`set ${variable} to a directory of this user`]),
        `run it as root: sudo rkt ${command}`,
        ...(otherwise === undefined ? [] : [otherwise]),
      ].join('; '),
    },
  );
};

/** The entrypoint `stop` or `gc` of a stage1 made for rkt failed. */
export const entrypointFailed = (uuid: string, entrypoint: 'stop' | 'gc', because: string) =>
  new RktError(
    'RKT_STAGE1_ENTRYPOINT_FAILED',
    `pod ${uuid}: the entrypoint "${entrypoint}" of its stage1: ${because}`,
    {
      uuid,
      entrypoint,
      because,
      hint:
        entrypoint === 'stop'
          ? 'kill what is left with "rkt stop --force"'
          : 'what the stage1 has made on the host may still be there; the next "rkt gc" or "rkt rm" removes the pod without asking it again',
    },
  );

/** newuidmap or newgidmap, which give a user its subordinate ids, has refused to. */
export const subordinateIdsRefused = (command: string, uid: number, users: IdRange, groups: IdRange) => {
  const show = ({first, count}: IdRange) => `${first} to ${first + count - 1}`;
  return new RktError(
    'RKT_SUBORDINATE_IDS_REFUSED',
    `newuidmap or newgidmap refuses user ${uid} the users ${show(users)} and the groups ${show(groups)}`,
    {
      command,
      uid,
      users,
      groups,
      hint: 'check the lines of the user in /etc/subuid and /etc/subgid, and that both programs are setuid root or have their file capabilities',
    },
  );
};

/** The kernel or a security module lets ordinary users have no user namespaces, and without one a user cannot run pods. */
export const userNamespaceRefused = (command: string, uid: number, because: string, fix: string) =>
  new RktError('RKT_USER_NAMESPACE_REFUSED', `user ${uid} gets no user namespace here: ${because}`, {
    command,
    uid,
    because,
    hint: `${fix}; or run it as root`,
  });

/** A --uuid-file that cannot be used. Exits with 1 where rkt 1.x does. */
export const uuidFileUnusable = (path: string, because: string, exitCode: number, cause?: unknown) =>
  new RktError('RKT_UUID_FILE_UNUSABLE', `${path}: ${because}`, {
    path,
    because,
    cause,
    exitCode,
    hint: 'give the file that "rkt run --uuid-file-save" wrote',
  });

/** A --uuid-file-save that cannot be written. */
export const uuidFileUnwritable = (path: string, because: string, cause?: unknown) =>
  new RktError('RKT_UUID_FILE_UNWRITABLE', `${path} cannot be written: ${because}`, {
    path,
    because,
    cause,
    hint: 'choose another file for --uuid-file-save, in a directory that exists and can be written',
  });

/** A volume is defined twice. */
export const volumeDuplicate = (volume: string) =>
  new RktError('RKT_VOLUME_DUPLICATE', `volume "${volume}" is defined twice`, {
    volume,
    hint: 'define it once, or give one of them another name',
  });

/** A read-only volume cannot have propagation: mounts that come later would not be read-only. */
export const volumeNotReadOnly = (volume: string, propagation: string) =>
  new RktError(
    'RKT_VOLUME_NOT_READ_ONLY',
    `volume "${volume}" cannot be read-only with propagation=${propagation}: what is mounted in it later could be written`,
    {
      volume,
      propagation,
      hint: 'leave propagation out, or write readOnly=false, and on the host mount read-only what the app must not write',
    },
  );

/** A volume's source is missing (appc EX-16). */
export const volumeSourceMissing = (volume: string, source: string) =>
  new RktError('RKT_VOLUME_SOURCE_MISSING', `volume "${volume}": ${source} does not exist`, {
    volume,
    source,
    hint: 'create it (nothing is created on the host for a pod), or use --volume=NAME,kind=empty for scratch space',
  });

/** The whole host as a volume (S17). */
export const volumeSourceRoot = (volume: string, source: string) =>
  new RktError('RKT_VOLUME_SOURCE_ROOT', `volume "${volume}": ${source} is the root directory of the host`, {
    volume,
    source,
    hint: 'name the directory that the app needs, or insist with --insecure-options=paths',
  });

/** A volume's source, or a directory on the way to it, is a symlink (appc EX-19, EX-20). */
export const volumeSourceSymlink = (volume: string, source: string, link: string, to: string) =>
  new RktError('RKT_VOLUME_SOURCE_SYMLINK', `volume "${volume}": ${link} is a symlink to ${to}`, {
    volume,
    source,
    link,
    to,
    hint: 'name the real path, or allow symlinks for this pod with --allow-symlinks',
  });

/** A volume's source is something that cannot be mounted. */
export const volumeSourceUnusable = (volume: string, source: string, because: string, cause?: unknown) =>
  new RktError('RKT_VOLUME_SOURCE_UNUSABLE', `volume "${volume}": ${source}: ${because}`, {
    volume,
    source,
    because,
    cause,
    hint: 'use a directory, a file or a device',
  });

/** The pod is not where it was waited for when the time is over. */
export const waitExpired = (uuid: string, what: 'exited' | 'ready', milliseconds: number) =>
  new RktError('RKT_WAIT_EXPIRED', `pod ${uuid} is not ${what} after ${milliseconds} ms`, {
    uuid,
    what,
    milliseconds,
    hint: 'wait longer, or see "rkt status"',
  });
