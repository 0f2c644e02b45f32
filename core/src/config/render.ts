import type {Config} from './config.ts';

const REDACTED = '(hidden)';

/** The configuration in the form of its files, below the key of the stage that uses it: what `rkt config` prints. */
export const render = (config: Config, {showSecrets}: {showSecrets: boolean}): {stage0: object[]} => {
  const secret = (value: string): string => (showSecrets ? value : REDACTED);
  const sorted = <V>(map: ReadonlyMap<string, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const header = (rktKind: string) => ({rktVersion: 'v1', rktKind});
  const {data, stage1Images, receiptKey} = config.paths;
  return {
    stage0: [
      ...sorted(config.auth).map(([domain, auth]) => ({
        ...header('auth'),
        domains: [domain],
        type: auth.type,
        credentials: hide(auth.credentials, secret),
      })),
      ...sorted(config.dockerAuth).map(([registry, credentials]) => ({
        ...header('dockerAuth'),
        registries: [registry],
        credentials: hide(credentials, secret),
      })),
      ...sorted(config.image).map(([prefix, accept]) => ({...header('image'), prefixes: [prefix], accept})),
      {
        ...header('paths'),
        ...(data === undefined ? {} : {data}),
        ...(stage1Images === undefined ? {} : {'stage1-images': stage1Images}),
        ...(receiptKey === undefined ? {} : {'receipt-key': receiptKey}),
      },
      {...header('stage1'), ...config.stage1},
    ],
  };
};

/** Names that identify, and are no secrets. */
const OPEN: ReadonlySet<string> = new Set(['user', 'accessKeyID', 'awsRegion']);

const hide = (credentials: object, secret: (value: string) => string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(credentials as Record<string, string>).map(([name, value]) => [
      name,
      OPEN.has(name) ? value : secret(value),
    ]),
  );
