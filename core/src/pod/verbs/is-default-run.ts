import type {RunRequest} from '../request.ts';

/** Whether a prepared pod is to run as it was planned when it was prepared, for all that `run-prepared` was asked for. */
export const isDefaultRun = ({
  net,
  preparedNetwork,
  interactive,
  dns,
  dnsSearch,
  dnsOpt,
  dnsDomain,
  hostsEntries,
  hostname,
  ipc,
  mdsRegister,
  noTemplate,
  uuidFileSave: _,
  ...others
}: RunRequest): boolean => {
  // What else can be asked for has to be looked at here.
  others satisfies Readonly<Record<string, never>>;
  return (
    [net, preparedNetwork, dnsDomain, hostname].every((value) => value === undefined) &&
    [dns, dnsSearch, dnsOpt, hostsEntries].every(({length}) => length === 0) &&
    !interactive &&
    !mdsRegister &&
    !noTemplate &&
    ipc === 'auto'
  );
};
