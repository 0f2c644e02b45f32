import path from 'node:path';
import type {Finding} from '../contract/host.ts';
import {RktError} from '../rkt-error.ts';
import {placeIn} from './load/place-in.ts';
import type {Problem} from './negotiation/negotiate.ts';

/** The flavor was written for a contract that this rkt does not have. */
export const contractUnsupported = (flavor: string, wants: string, has: string) =>
  new RktError('RKT_CONTRACT_UNSUPPORTED', `flavor "${flavor}" is written for contract ${wants}; this rkt has ${has}`, {
    flavor,
    wants,
    has,
    hint: 'install a version of the flavor that supports this contract, or another rkt',
  });

/** `--allow-degraded` names what no pod can ask for, this one included. */
export const degradedUnknown = (name: string, suggestions: readonly string[]) =>
  new RktError('RKT_DEGRADED_UNKNOWN', `--allow-degraded=${name}: there is no such isolator or feature`, {
    name,
    suggestions,
    hint:
      suggestions.length > 0
        ? `did you mean ${suggestions.join(' or ')}?`
        : 'see "rkt flavor show FLAVOR" for their names',
  });

/** A flavor that is a program gave an answer that rkt cannot read. */
export const flavorAnswerInvalid = (flavor: string, hook: string, what: string, cause?: unknown) =>
  new RktError('RKT_FLAVOR_ANSWER_INVALID', `flavor "${flavor}" answered "${hook}" with ${what}`, {
    flavor,
    hook,
    cause,
    hint: 'this is a bug in the flavor; nothing was changed. An answer is one JSON value on standard output',
  });

/** The pod asks for what the flavor cannot do, here or at all. */
export const flavorCannot = (flavor: string, problems: readonly Problem[]) =>
  new RktError(
    'RKT_FLAVOR_CANNOT',
    [
      `flavor "${flavor}" cannot run this pod as asked:`,
      ...problems.map(({name, app, because}) => `  ${name}${app === null ? '' : ` (app ${app})`}: ${because}`),
    ].join('\n'),
    {
      flavor,
      problems,
      hint: hintFor(problems),
    },
  );

/** What a user writes instead of what no flavor, or not this one, has. */
const INSTEAD: Readonly<Record<string, string>> = {
  'network/named':
    'leave --net out, or write --net=none, or --net=host where the flavor has it: rkt has no other networks yet',
  'network/host': 'leave --net=host out, or choose another flavor with --stage1 (see "rkt flavor list")',
  'ipc/host': 'leave --ipc=parent out, or choose another flavor with --stage1 (see "rkt flavor list")',
};

const hintFor = (problems: readonly Problem[]): string => {
  const allowed = [...new Set(problems.filter(({degradable}) => degradable).map(({name}) => name))];
  const rest = problems.some(({name, degradable}) => !degradable && !(name in INSTEAD));
  return [
    ...Object.entries(INSTEAD).flatMap(([asked, instead]) =>
      problems.some(({name}) => name === asked) ? [instead] : [],
    ),
    ...(rest ? ['choose another flavor with --stage1 (see "rkt flavor list")'] : []),
    ...(allowed.length > 0 ? [`to run without: --allow-degraded=${allowed.join(',')}`] : []),
  ].join('; ');
};

/** The file of a flavor changed while a pod was being made with it: the copy that rkt keeps would not be what made the pod. */
export const flavorChanged = (flavor: string, source: string) =>
  new RktError('RKT_FLAVOR_CHANGED', `flavor "${flavor}" has changed while the pod was being made with it: ${source}`, {
    flavor,
    source,
    hint: 'try again when its installation has finished',
  });

/** A flavor's declaration is not what the contract says. */
export const flavorDeclarationInvalid = (source: string, where: string, problem: string) =>
  new RktError('RKT_FLAVOR_DECLARATION_INVALID', `${source}: declaration${where}: ${problem}`, {
    source,
    where,
    problem,
    hint: 'correct the flavor; `Declaration` of @rkt/plugin-sdk has the shape',
  });

/** What each permission of Node.js is about. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  ChildProcess: 'start a program',
  FileSystemRead: 'read a file',
  FileSystemWrite: 'write a file',
  Flags: 'change the engine',
  Net: 'use the network',
  Priority: 'change a priority',
  Signal: 'signal a process',
  WorkerThreads: 'start a thread',
};

/** A flavor tried to do something that has an effect, or to read what it must not depend on. */
export const flavorDenied = (
  flavor: string,
  where: string,
  {permission, resource}: {readonly permission: string; readonly resource: string},
  cause: Error & {readonly place?: string},
) => {
  const attempt = [ATTEMPTS[permission] ?? (permission === '' ? cause.message : `use ${permission}`), resource];
  const tried = attempt.filter((word) => word !== '').join(': ');
  return new RktError(
    'RKT_FLAVOR_DENIED',
    `flavor "${flavor}": ${where} tried to ${tried}${at(cause)}, but a flavor may only read its own package`,
    {
      flavor,
      hook: hookOf(where),
      permission,
      resource,
      place: cause.place,
      cause,
      hint: 'this is a bug in the flavor; nothing was changed. What it may know about the host is in the facts that its hooks get',
    },
  );
};

const hookOf = (where: string): string => where.replace(/\(\)$/, '');

const at = (cause: unknown): string => {
  const {place} = (cause ?? {}) as {place?: unknown};
  return typeof place === 'string' ? ` (${place})` : '';
};

/** There is something already where the directory of a new flavor would be. */
export const flavorDirectoryExists = (directory: string) =>
  new RktError('RKT_FLAVOR_DIRECTORY_EXISTS', `${directory} is there already`, {
    directory,
    hint: 'choose another name, or remove it',
  });

/** A hook of a flavor threw: its own refusal, if the error has a code, a hint and fields as those of rkt do. */
export const flavorFailed = (flavor: string, hook: string, cause: unknown) => {
  if (cause instanceof RktError && cause.fields.flavor === flavor) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const {code, hint, fields} = (cause ?? {}) as {code?: unknown; hint?: unknown; fields?: object};
  if (typeof code === 'string' && /^RKT_[A-Z0-9_]+$/.test(code) && typeof hint === 'string') {
    return new RktError(code as `RKT_${string}`, message, {...fields, flavor, hook, cause, hint});
  }
  return new RktError('RKT_FLAVOR_FAILED', `flavor "${flavor}": ${hook}() failed: ${message}${at(cause)}`, {
    flavor,
    hook,
    place: (cause as {place?: unknown} | null | undefined)?.place,
    cause,
    hint: 'this is a bug in the flavor; nothing was changed',
  });
};

/** An object that should be a flavor lacks a hook or has one the contract does not know. */
export const flavorHookInvalid = (source: string, hook: string, problem: string) =>
  new RktError('RKT_FLAVOR_HOOK_INVALID', `${source}: ${hook}: ${problem}`, {
    source,
    hook,
    problem,
    hint: 'correct the flavor; `Flavor` of @rkt/plugin-sdk lists the hooks',
  });

/** The host lacks what the flavor needs to run at all. */
export const flavorHostLacks = (flavor: string, findings: readonly Finding[]) =>
  new RktError(
    'RKT_FLAVOR_HOST_LACKS',
    [`flavor "${flavor}" cannot run on this host:`, ...findings.map(({what}) => `  ${what}`)].join('\n'),
    {
      flavor,
      findings,
      hint: findings.flatMap(({fix}) => fix ?? []).join('; ') || `see "rkt flavor doctor ${flavor}"`,
    },
  );

/** A hook was asked the same question twice and gave different answers. */
export const flavorImpure = (flavor: string, hook: string) =>
  new RktError('RKT_FLAVOR_IMPURE', `flavor "${flavor}": ${hook}() returned different results for the same arguments`, {
    flavor,
    hook,
    hint: 'this is a bug in the flavor: a hook may depend on its arguments alone, not on time, chance or files',
  });

/** The flavor is there, but loading its module throws: a package that it needs is missing, or it has a bug. */
export const flavorLoadFailed = (selection: string, source: string, cause: unknown) => {
  const [reason = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
  const place = placeIn(path.dirname(source), cause) ?? source;
  return new RktError('RKT_FLAVOR_LOAD_FAILED', `flavor "${selection}" cannot be loaded: ${place}: ${reason}`, {
    selection,
    source,
    place,
    cause,
    hint: 'install the packages that it needs ("npm install" in its directory), or correct it',
  });
};

/** A name that no flavor can have: it has to be an AC Name, as those of apps. */
export const flavorNameInvalid = (name: string) =>
  new RktError('RKT_FLAVOR_NAME_INVALID', `"${name}" cannot be the name of a flavor`, {
    name,
    hint: 'use lower case letters, digits and single hyphens between them, at most 64',
  });

/** The pod's flavor is a program that did not come with rkt, and here it could only run with all rights of the user who calls. */
export const flavorNotApart = (flavor: string, source: string) =>
  new RktError(
    'RKT_FLAVOR_NOT_APART',
    `flavor "${flavor}": ${source} did not come with rkt, and without root of a user namespace it would run with all your rights`,
    {
      flavor,
      source,
      hint: '"rkt status" without --verify shows what was promised, and "rkt stop" ends the pod without asking the flavor',
    },
  );

/** No flavor of that name or at that path. */
export const flavorNotFound = (
  selection: string,
  tried: readonly string[],
  cause?: unknown,
  hint = 'see "rkt flavor list", or give the path of a flavor package; a stage1 image is chosen by its ID, its file, or a name with a "/"',
) =>
  new RktError('RKT_FLAVOR_NOT_FOUND', `no flavor "${selection}" (tried ${tried.join(', ')})`, {
    selection,
    tried,
    cause,
    hint,
  });

/** A flavor took more memory than one may. */
export const flavorOutOfMemory = (flavor: string, hook: string, cause: unknown) =>
  new RktError(
    'RKT_FLAVOR_OUT_OF_MEMORY',
    `flavor "${flavor}": ${hook} takes more memory than a flavor may have${at(cause)}`,
    {
      flavor,
      hook: hookOf(hook),
      cause,
      hint: 'this is a bug in the flavor; nothing was changed',
    },
  );

/** What a flavor returned is not a plan. */
export const flavorPlanInvalid = (flavor: string, where: string, problem: string) =>
  new RktError('RKT_FLAVOR_PLAN_INVALID', `flavor "${flavor}" made an invalid plan: ${where}: ${problem}`, {
    flavor,
    where,
    problem,
    hint: 'this is a bug in the flavor; nothing was changed',
  });

/** What a flavor returned is larger than any plan needs to be. */
export const flavorPlanTooLarge = (
  flavor: string,
  where: string,
  unit: 'bytes' | 'characters' | 'steps',
  size: number | undefined,
  limit: number,
) =>
  new RktError(
    'RKT_FLAVOR_PLAN_TOO_LARGE',
    `flavor "${flavor}" made too large a plan: ${where}: ${size ?? 'too many'} ${unit}; the limit is ${limit}`,
    {flavor, where, unit, size, limit, hint: 'this is a bug in the flavor; nothing was changed'},
  );

/** A flavor is no longer what it was when the pod was prepared, and there is no copy of it that can be used. */
export const flavorReplaced = (flavor: string, pinned: string, found: string, because?: string, cause?: unknown) =>
  new RktError(
    'RKT_FLAVOR_REPLACED',
    `flavor "${flavor}" has changed since the pod was prepared${because === undefined ? '' : `, and ${because}`}`,
    {
      flavor,
      pinned,
      found,
      because,
      cause,
      hint: 'prepare the pod again, run it with the flavor that is there now (rkt run-prepared --stage1=NAME), or install the version it was prepared with',
    },
  );

/** A stage1 image was named for a flavor that runs with the programs of the host. */
export const flavorTakesNoImage = (flavor: string) =>
  new RktError('RKT_FLAVOR_TAKES_NO_IMAGE', `flavor "${flavor}" takes no image`, {
    flavor,
    hint: 'it needs none: choose it by its name',
  });

/** rkt is installed without the SDK for authors of flavors. */
export const flavorTemplateMissing = (sdk: string) =>
  new RktError(
    'RKT_FLAVOR_TEMPLATE_MISSING',
    `${sdk}, which has the template of a flavor, is not installed beside rkt`,
    {
      package: sdk,
      hint: `npm install ${sdk}`,
    },
  );

/** A hook of a flavor did not return and was ended. */
export const flavorTimedOut = (flavor: string, hook: string, milliseconds: number) =>
  new RktError('RKT_FLAVOR_TIMED_OUT', `flavor "${flavor}": ${hook} has not returned within ${milliseconds / 1000} s`, {
    flavor,
    hook,
    milliseconds,
    hint: 'this is a bug in the flavor; nothing was changed',
  });

/** A flavor has a file that the user who it runs as may not read. */
export const flavorUnreadable = (
  flavor: string,
  where: string,
  cause: Error & {readonly place?: string},
  directory: string,
) =>
  new RktError('RKT_FLAVOR_UNREADABLE', `flavor "${flavor}": ${where} failed: ${cause.message}${at(cause)}`, {
    flavor,
    hook: hookOf(where),
    place: cause.place,
    directory,
    cause,
    hint: `a flavor runs as nobody, if everybody may read its first file: let everybody read the others, too (chmod -R a+rX ${directory})`,
  });

/** Another file in the same directory of the configuration chooses a flavor already. */
export const flavorUseConflict = (file: string, other: string) =>
  new RktError('RKT_FLAVOR_USE_CONFLICT', `${other} chooses a flavor already: it and ${file} exclude each other`, {
    file,
    other,
    hint: 'change or remove that file, then run the command again',
  });

/** `--rollback` without a choice of `rkt flavor use` to take back. */
export const flavorUseNothing = (file: string) =>
  new RktError('RKT_FLAVOR_USE_NOTHING', `nothing to go back to: there is no ${file}`, {
    file,
    hint: 'choose a flavor: rkt flavor use NAME',
  });

/** The pod runs, but this app of it has ended, or has not been started yet. */
export const appNotRunning = (uuid: string, app: string) =>
  new RktError('RKT_POD_APP_NOT_RUNNING', `app "${app}" of pod ${uuid} is not running`, {
    uuid,
    app,
    hint: 'see "rkt status"; what has ended cannot be entered',
  });

/** A program of the host does not tell its version in time, and the flavor has to know it. */
export const programTimedOut = (program: string, milliseconds: number) =>
  new RktError('RKT_PROGRAM_TIMED_OUT', `${program} --version has not answered within ${milliseconds / 1000} s`, {
    program,
    milliseconds,
    hint: 'try again when the host is less busy, or choose a flavor that does not need it by --stage1',
  });

/** An image was named as stage1, or has been built for a flavor that needs one, but cannot run pods. */
export const stage1ImageInvalid = (
  id: string,
  name: string,
  problem: string,
  hint = 'build one on a host that has the programs of the flavor: rkt flavor build FLAVOR -o stage1.aci',
) =>
  new RktError('RKT_STAGE1_IMAGE_INVALID', `image ${name} (${id}) cannot be a stage1: ${problem}`, {
    id,
    name,
    problem,
    hint,
  });

/** A flavor that needs a stage1 image has none yet. */
export const stage1ImageMissing = (flavor: string) =>
  new RktError(
    'RKT_STAGE1_IMAGE_MISSING',
    `flavor "${flavor}" runs pods with an image of its own, which has not been made on this host`,
    {
      flavor,
      hint: `make it, once: rkt flavor build ${flavor}`,
    },
  );

/** A stage1 image is given as a file to a command that takes nothing into the store. */
export const stage1ImageNotStored = (image: string) =>
  new RktError(
    'RKT_STAGE1_IMAGE_NOT_STORED',
    `${image}: this command sees a stage1 image only when it is in the store`,
    {
      image,
      hint: `take it into the store first: rkt fetch ${image}`,
    },
  );

/** The running kernel does not show what the report promises. */
export const verificationFailed = (uuid: string, differences: readonly unknown[]) =>
  new RktError(
    'RKT_VERIFY_FAILED',
    `pod ${uuid}: the kernel differs from the report in ${differences.length} point(s)`,
    {
      uuid,
      differences,
      hint: 'stop the pod; see the differences with "rkt status --verify --format=json-pretty"',
    },
  );
