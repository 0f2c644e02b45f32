/*
 * What a pod asks for and no machine can be; the shape is that of the core's errors, which the SDK cannot import.
 */

/** A stable code, a sentence, a hint and the offending values. */
class MachineError extends Error {
  override readonly name = 'MachineError';
  readonly code: `RKT_MACHINE_${string}`;
  readonly hint: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: `RKT_MACHINE_${string}`, message: string, hint: string, fields: Readonly<Record<string, unknown>>) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.fields = fields;
  }
}

/** What limits QEMU limits the machine as a whole. */
export const appsDiffer = (isolator: string, apps: readonly string[]): MachineError =>
  new MachineError(
    'RKT_MACHINE_APPS_DIFFER',
    `apps "${apps.join('" and "')}" ask for something different by ${isolator}, which is of their machine as a whole`,
    'ask for the same for every app, or make several pods of them',
    {isolator, apps},
  );

/** A remove-set denies what crun itself calls between the filter and the program. */
export const filterRefused = (app: string, calls: readonly string[]): MachineError =>
  new MachineError(
    'RKT_MACHINE_FILTER_REFUSED',
    `app "${app}": its filter denies ${calls.join(', ')}, which crun calls after it has set the filter, to become the user of the app`,
    'give its image the isolator os/linux/no-new-privileges, with which the filter is set last, or choose another flavor',
    {app, calls},
  );

/** A machine has a place for each of so many devices. */
export const machineFull = (devices: number, places: number): MachineError =>
  new MachineError(
    'RKT_MACHINE_FULL',
    `a machine has places for ${places} devices, and the pod needs ${devices}: one for each app, each network card and each kind of volumes (read-only, or not)`,
    'make several pods of it; with the kernel of the distribution there are places for 22: rkt flavor build --kernel=distribution kvm',
    {devices, places},
  );

/** What a machine does for its apps is told it at once, and has to fit into a step of a plan. */
export const scriptTooLong = (bytes: number, most: number): MachineError =>
  new MachineError(
    'RKT_MACHINE_SCRIPT_TOO_LONG',
    `what the machine is to do takes ${bytes} bytes, and may take ${most}: arguments, environment, mounts and filters of all apps`,
    'make several pods of it, or give the apps less by their environment and arguments',
    {bytes, most},
  );

/** A pod's machine would have more memory than its host. */
export const machineTooLarge = (needed: number, there: number): MachineError =>
  new MachineError(
    'RKT_MACHINE_TOO_LARGE',
    `the machine of the pod would have ${mebibytes(needed)} of memory, what its apps may have and what it needs itself, and this host has ${mebibytes(there)}`,
    'give its apps, or the pod as a whole, a lower limit of memory (--memory), or choose another flavor',
    {needed, there},
  );

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;
