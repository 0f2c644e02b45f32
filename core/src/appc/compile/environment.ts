import {type Environment, isVariableName} from '../environment.ts';
import {environmentNameInvalid} from '../errors.ts';
import {type Account, ROOT} from './account.ts';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What an app has when nobody says otherwise (appc EX-25, and rkt's own). */
const defaultsOf = ({name, home, loginShell}: Account): Record<string, string> => ({
  PATH: DEFAULT_PATH,
  SHELL: loginShell,
  USER: name,
  LOGNAME: name,
  HOME: home,
});

/** These speak of descriptors and sockets of rkt's caller, or to rkt itself. */
const NOT_INHERITED: readonly string[] = [
  'LISTEN_FDNAMES',
  'LISTEN_FDS',
  'LISTEN_PID',
  'NOTIFY_SOCKET',
  'RKT_FAULT',
  'RKT_LOCK_FD',
  'RKT_TERMINAL_OF',
];

type Variables = Readonly<Record<string, string | undefined>>;

export interface EnvironmentSources {
  /** Of rkt's caller, with `--inherit-env`: only what nobody else sets; names that a manifest cannot hold are left out. */
  readonly inherited?: Variables;
  /** Of all apps: `--set-env-file`, then `--set-env`. */
  readonly pod?: Variables;
  /** Of this app: `--environment`. */
  readonly app?: Variables;
}

/** The environment of an app in a reified pod manifest: inherited < image < pod < app. Names stay where the image has them. */
export const mergeEnvironment = (
  image: Environment | null | undefined,
  {inherited = {}, pod = {}, app = {}}: EnvironmentSources,
): Environment => {
  const merged = new Map((image ?? []).map(({name, value}) => [name, value]));
  for (const [name, value] of [...entries(pod), ...entries(app)]) {
    if (!isVariableName(name)) throw environmentNameInvalid(name);
    merged.set(name, value);
  }
  for (const [name, value] of entries(inherited)) {
    if (isVariableName(name) && !NOT_INHERITED.includes(name) && !merged.has(name)) merged.set(name, value);
  }
  return toList(merged);
};

/** The environment that an app starts with (appc EX-25 to EX-29): defaults where there is nothing, then what no image can change. */
export const completeEnvironment = (
  environment: Environment | null | undefined,
  {
    appName,
    metadataUrl,
    account = ROOT,
  }: {readonly appName: string; readonly metadataUrl?: string | undefined; readonly account?: Account | undefined},
): Environment => {
  const complete = new Map(Object.entries(defaultsOf(account)));
  for (const {name, value} of environment ?? []) complete.set(name, value);
  complete.set('AC_APP_NAME', appName);
  if (metadataUrl !== undefined) complete.set('AC_METADATA_URL', metadataUrl);
  complete.set('container', 'rkt');
  return toList(complete);
};

const entries = (variables: Variables): [string, string][] =>
  Object.entries(variables).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );

const toList = (variables: ReadonlyMap<string, string>): Environment =>
  Array.from(variables, ([name, value]) => ({name, value}));
