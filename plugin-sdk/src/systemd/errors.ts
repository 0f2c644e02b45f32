/*
 * What a pod asks for and no unit of systemd can say. Codes in alphabetical order; the shape is that of the core's errors, which the SDK cannot import.
 */

/** A value that has no form in a unit: a stable code, a sentence, the offending values and a hint. */
export class UnitError extends Error {
  override readonly name = 'UnitError';
  readonly code: `RKT_UNIT_${string}`;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hint: string;

  constructor(code: `RKT_UNIT_${string}`, message: string, hint: string, fields: Readonly<Record<string, unknown>>) {
    super(message);
    this.code = code;
    this.fields = fields;
    this.hint = hint;
  }
}

/** A text has a character that systemd does not take in its place. `where` names the app and the setting: `app "main": WorkingDirectory`. */
export const characterRefused = (where: string, value: string, what: string): UnitError =>
  new UnitError(
    'RKT_UNIT_CHARACTER_REFUSED',
    `${where}: ${quote(value)} has ${what}, which systemd does not take there`,
    'rename it, or choose a flavor without systemd',
    {where, value, what},
  );

/** A volume is a device in a place where systemd allows none. */
export const deviceOutside = (app: string, volume: string, path: string): UnitError =>
  new UnitError(
    'RKT_UNIT_DEVICE_OUTSIDE',
    `app "${app}": volume "${volume}" is the device ${quote(path)}, and systemd allows only what is below /dev`,
    'name the device by its path below /dev',
    {app, volume, path},
  );

/** A variable has a name that systemd does not take. */
export const environmentNameRefused = (app: string, variable: string): UnitError =>
  new UnitError(
    'RKT_UNIT_ENVIRONMENT_NAME_REFUSED',
    `app "${app}": systemd refuses environment variables with the name ${quote(variable)}`,
    'use letters, digits and underscores, not a digit first, or choose a flavor without systemd',
    {app, variable},
  );

/** A user or group has the number 65535, which systemd refuses: as 16 bits it means "none". */
export const idRefused = (app: string, id: number): UnitError =>
  new UnitError(
    'RKT_UNIT_ID_REFUSED',
    `app "${app}": systemd refuses the user or group ${id}, because in 16 bits it means none`,
    'use another number',
    {app, id},
  );

/** A limit has no form in a unit of systemd. */
export const limitRefused = (app: string, limit: string, value: unknown): UnitError =>
  new UnitError(
    'RKT_UNIT_LIMIT_REFUSED',
    `app "${app}": ${limit} cannot be ${JSON.stringify(value)}`,
    'use a limit that the kernel takes',
    {app, limit, value},
  );

/** A limit of one app in a pod of several, for which systemd has no setting. */
export const limitWithoutSetting = (app: string, limit: string): UnitError =>
  new UnitError(
    'RKT_UNIT_LIMIT_UNSUPPORTED',
    `app "${app}": systemd cannot limit ${limit} of one app among others`,
    'run the app in a pod of its own, or limit the pod as a whole, by isolators of its manifest',
    {app, limit},
  );

/** A line of a unit is longer than systemd reads. */
export const lineTooLong = (where: string, length: number): UnitError =>
  new UnitError(
    'RKT_UNIT_LINE_TOO_LONG',
    `${where}: ${length} bytes in a unit; systemd reads no line above 1 MiB`,
    'shorten it, or choose a flavor without systemd',
    {where, length},
  );

/** The program of an app is named without its directory. */
export const programUnresolved = (app: string, program: string): UnitError =>
  new UnitError(
    'RKT_UNIT_PROGRAM_UNRESOLVED',
    `app "${app}": ${quote(program)} is not an absolute path, and systemd would look for it in directories of its own`,
    'give the absolute path of the program',
    {app, program},
  );

/** A rule of a filter has no form in a unit of systemd. */
export const seccompRefused = (app: string, syscalls: readonly string[], why: string): UnitError =>
  new UnitError(
    'RKT_UNIT_SECCOMP_REFUSED',
    `app "${app}": the rule for ${syscalls.join(', ')} cannot be written as a setting of systemd: ${why}`,
    'use an isolator without such a rule, or choose a flavor without systemd',
    {app, syscalls, why},
  );

/** A stream of an app goes where no unit of systemd can send it. */
export const streamRefused = (app: string, stream: string, why: string): UnitError =>
  new UnitError(
    'RKT_UNIT_STREAM_REFUSED',
    `app "${app}": ${stream}: ${why}`,
    'this is a bug in the flavor: report it',
    {app, stream, why},
  );

/** A volume below /sys has no place in the pod: where the service of its app would bind it there is nothing. */
export const sysVolumeRefused = (app: string, path: string, why: string): UnitError =>
  new UnitError(
    'RKT_UNIT_SYS_VOLUME_REFUSED',
    `app "${app}": no volume can be at ${path}: ${why}`,
    'choose another target for it',
    {app, path, why},
  );

const quote = (text: string): string => JSON.stringify(text);
