import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {App, Pod} from '../../contract/pod.ts';
import type {Capability} from '../../contract/process.ts';
import {capabilitiesMissing} from '../../linux/errors.ts';

const MAKE_NODES: Capability = 'CAP_MKNOD';

/**
 * The pod with the capabilities that its apps can have here: of those that nobody asked for by name, none that rkt itself has not, and none to make device
 * nodes where nothing limits devices (S29).
 * @throws RKT_CAPABILITIES_MISSING for those that were asked for
 */
export const limitPrivileges = (
  pod: Pod,
  {properties}: Pick<Declaration, 'properties'>,
  host: HostFacts,
  limitsDevices: boolean,
): Pod => {
  const available = availableTo(properties, host);
  const missing = pod.apps.flatMap((app) => askedFor(app).filter((name) => !available(name)));
  if (missing.length > 0) throw capabilitiesMissing([...new Set(missing)]);
  const keeps = (app: App, name: Capability): boolean =>
    askedFor(app).includes(name) || (available(name) && (limitsDevices || name !== MAKE_NODES));
  const apps = pod.apps.map((app) => withCapabilities(app, (name) => keeps(app, name)));
  return apps.every((app, index) => app === pod.apps[index]) ? pod : {...pod, apps};
};

/** Whether an app of the pod can make device nodes. */
export const makesNodes = ({apps}: Pod): boolean =>
  apps.some(({process}) => process.capabilities.bounding.includes(MAKE_NODES));

/** Another kernel has capabilities of its own, and what root has here a user who only wants a plan does not know. */
const availableTo = (properties: Declaration['properties'], {uid, capabilities}: HostFacts) => {
  const known = uid === 0 && !properties.includes('own-kernel');
  return (name: Capability): boolean => !known || capabilities.includes(name);
};

const askedFor = ({isolators}: App): readonly Capability[] => isolators['os/linux/capabilities-retain-set']?.set ?? [];

const withCapabilities = (app: App, keeps: (name: Capability) => boolean): App => {
  const {bounding, effective, ambient} = app.process.capabilities;
  if (bounding.every(keeps)) return app;
  const capabilities = {
    bounding: bounding.filter(keeps),
    effective: effective.filter(keeps),
    ambient: ambient.filter(keeps),
  };
  return {...app, process: {...app.process, capabilities}};
};
