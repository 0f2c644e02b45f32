import type {RunRequest} from '../request.ts';

/** Whether nothing that `run-prepared` was asked for differs from the defaults with which the pod was planned when it was prepared. */
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
